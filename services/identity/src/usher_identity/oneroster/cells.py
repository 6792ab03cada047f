"""What single cells mean: identifiers, words, booleans and lists, as loosely as exporters write them."""

from usher_identity.oneroster.limits import MAX_TEXT_CHARACTERS

TRUE = frozenset({"true", "1", "yes", "y", "t"})
FALSE = frozenset({"false", "0", "no", "n", "f"})


class BadCell(Exception):
    """A cell for which its row cannot be taken."""

    def __init__(self, column: str, code: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.code = code
        self.reason = reason


def kept_text(column: str, text: str) -> str:
    """`text`, which will be kept: short enough, and nothing that a database cannot hold."""
    if len(text) > MAX_TEXT_CHARACTERS:
        reason = f"{column} has {len(text)} characters, more than {MAX_TEXT_CHARACTERS}"
        raise BadCell(column, "too_long", reason)
    if text.isprintable():
        return text
    text = " ".join(text.split())
    if any(character < " " for character in text):
        raise BadCell(column, "unreadable_text", f"{column} holds a character that is no text")
    return text


def required_text(column: str, text: str) -> str:
    """`text`, which must not be empty."""
    if not text:
        raise BadCell(column, "missing_value", f"{column} is empty")
    return kept_text(column, text)


def truth(text: str) -> bool | None:
    """True or false in any of the ways these are written; None for anything else."""
    word = text.casefold()
    return True if word in TRUE else False if word in FALSE else None


def listed(text: str) -> tuple[str, ...]:
    """The items of a comma-separated list, in order, each once."""
    if "," not in text:
        return (text,) if text else ()
    return tuple(dict.fromkeys(item.strip() for item in text.split(",") if item.strip()))
