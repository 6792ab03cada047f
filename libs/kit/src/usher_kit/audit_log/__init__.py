"""The audit log's hashes and their verification: what reporting writes by, and anybody can check by (seats: I7)."""
