"""The rules of notices: what is told to whom, when, and when it is too late."""
