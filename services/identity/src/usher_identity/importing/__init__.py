"""Running imports: a worker claims a job, reads its set, and takes it batch by batch."""
