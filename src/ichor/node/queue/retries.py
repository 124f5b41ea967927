"""When a failed delivery is retried."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retries:
    """The time between attempts doubles from `first_s` to `most_s`; after `give_up_s` in all there are no more."""

    first_s: float
    most_s: float
    give_up_s: float

    def wait_s(self, attempts: int) -> float:
        """How long to wait after this many failed attempts, in seconds."""
        return float(min(self.most_s, self.first_s * 2 ** min(attempts - 1, 30)))
