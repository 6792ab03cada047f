"""Policies: after how many days without a login a holder is warned, is inactive, and loses the seat (seats: Usage)."""

from dataclasses import dataclass

DEFAULT_WINDOW_DAYS = 30
"""Days without a login after which a holder is inactive, where no policy says otherwise."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Days that count, of an organization and product. None: nobody is warned, nothing is reclaimed."""

    window_days: int = DEFAULT_WINDOW_DAYS
    warn_days: int | None = None
    reclaim_days: int | None = None
    keep_days: int | None = None
    """How long a seat is kept for who asks for it; the window where it is None."""

    @property
    def notice_days(self) -> int:
        """After how many days a holder is warned of a reclaim."""
        return self.warn_days or self.window_days

    @property
    def days_kept(self) -> int:
        """How long a seat is kept for who asks for it."""
        return self.keep_days or self.window_days

    def find_flaw(self) -> tuple[str, str] | None:
        """The name of a value that contradicts the others, and why; None where the policy makes sense."""
        window = self.window_days
        if self.warn_days is not None and self.warn_days >= self.window_days:
            return "warn_days", f"A warning after {self.warn_days} days is not before inactivity, after {window}."
        if self.reclaim_days is not None and self.reclaim_days <= self.window_days:
            return "reclaim_days", f"A reclaim after {self.reclaim_days} days is not after inactivity, after {window}."
        return None


DEFAULT_POLICY = Policy()
