"""What every Usher service shares and none owns: database, outbox, batches, access, telemetry, the program itself."""
