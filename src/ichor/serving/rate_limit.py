"""Rate limits as token buckets.

The library `limits` was considered, but it starts a thread for its in-memory counters and removes their locks.
"""

from __future__ import annotations

import ipaddress
import threading
from time import monotonic

from starlette.types import Scope

# The maximum number of buckets; beyond it, full ones, which hold no information, are dropped.
MOST_KEYS = 10_000


class RateLimit:
    """Allows, for each key, `most` events at once, and then as many per `seconds`, evenly spread. Thread-safe."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._per_second = most, most / seconds
        self._mutex = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}  # the events left, and the time of that count

    def wait_s(self, key: str) -> float:
        """The seconds until the next event is allowed; 0 if it is allowed now."""
        with self._mutex:
            return max(0.0, (1 - self._now_left(key)) / self._per_second)

    def take(self, key: str) -> float:
        """Count an event if it is allowed. Returns 0, or the seconds until the next one is allowed."""
        with self._mutex:
            left = self._now_left(key)
            if left < 1:
                return (1 - left) / self._per_second
            if len(self._left) >= MOST_KEYS and key not in self._left:
                self._drop_full()
            self._left[key] = left - 1, monotonic()
            return 0.0

    def _now_left(self, key: str) -> float:
        left, at = self._left.get(key, (float(self._most), monotonic()))
        return min(self._most, left + (monotonic() - at) * self._per_second)

    def _drop_full(self) -> None:
        self._left = {key: one for key, one in self._left.items() if self._now_left(key) < self._most}


def client_of(scope: Scope) -> str:
    """The client's address as a key; for IPv6 its 64-bit network, which belongs to one customer."""
    host = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
