"""Notes: why an administrator did something by hand, in their own words."""

from typing import Annotated

from pydantic import Field, StringConstraints

Note = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$"), Field(min_length=1, max_length=1_000)
]
"""It is kept with what was done and in the audit log, and so is no place for personal data.

The database takes any text but one with a NUL.
"""
