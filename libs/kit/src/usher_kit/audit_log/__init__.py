"""The audit log's hashes and their verification: made by reporting, checked by anybody (seats: Invariants, I7)."""
