"""Identity's use cases: load, decide, save; one path for one person as for a thousand."""
