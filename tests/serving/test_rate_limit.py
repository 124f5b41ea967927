"""Rate limits: so many at once, and then as many over the time."""

from __future__ import annotations

import pytest

from ichor.serving import rate_limit
from ichor.serving.rate_limit import MOST_KEYS, RateLimit, client_of


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr(rate_limit, "monotonic", one)
    return one


def test_a_burst_and_then_evenly(clock: Clock) -> None:
    limit = RateLimit(5, 300)
    assert [limit.take("a") for _ in range(5)] == [0] * 5
    assert limit.take("a") == pytest.approx(60)
    assert limit.wait_s("a") == pytest.approx(60)
    assert limit.take("b") == 0, "each key has its own"
    clock.now = 59
    assert limit.take("a") == pytest.approx(1), "what was refused is not counted"
    clock.now = 61
    assert limit.take("a") == 0 and limit.take("a") > 0
    clock.now = 10_000
    assert [limit.take("a") for _ in range(5)] == [0] * 5 and limit.take("a") > 0


def test_asking_does_not_consume_anything(clock: Clock) -> None:
    limit = RateLimit(1, 60)
    assert [limit.wait_s("a") for _ in range(3)] == [0] * 3
    assert limit.take("a") == 0 and limit.wait_s("a") == pytest.approx(60)


def test_full_buckets_are_dropped_and_empty_ones_kept(clock: Clock) -> None:
    limit = RateLimit(2, 100)
    for number in range(MOST_KEYS):
        limit.take(str(number))
    clock.now = 99
    limit.take("empty")
    limit.take("empty")
    clock.now = 101
    assert limit.take("one more") == 0
    assert len(limit._left) == 2 and limit.take("empty") > 0


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_an_address_or_a_network(host: str, key: str) -> None:
    assert client_of({"type": "http", "client": (host, 1)}) == key
    assert client_of({"type": "http", "client": None}) == ""
