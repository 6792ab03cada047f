"""What the rules refuse, in words for whoever asked; `pointer` names the value at fault."""


class Refusal(Exception):
    """A change that cannot be: the value named by `pointer`, a JSON pointer into the request, is the reason."""

    def __init__(self, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


class NotAllowed(Refusal):
    """A change that is not this caller's to make."""


class AlreadyTaken(Refusal):
    """A change that another entity's state stands against."""
