"""What can go wrong with local servers and programs, said in one line that tells what to do."""


class ServerError(Exception):
    """A server or program that cannot be started or reached; its text is one line for the person who asked."""
