"""Identity's statements: what a batch needs is loaded, what was decided is saved, each in a handful of round trips."""
