"""The commands of `usher`, one file each; main composes them (interfaces: The `usher` command)."""
