"""What `usher doctor` examines: the invariants of seats, and whether the services agree (seats: Invariants)."""
