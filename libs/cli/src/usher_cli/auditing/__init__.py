"""The audit log verified from outside: downloaded, and held against checkpoints that were kept elsewhere."""
