"""Making exports: a worker claims one, reads its report from one moment of the database, and keeps the file."""
