"""How fast `ichor screen` says that it is, and how long the rest will take."""

from __future__ import annotations

from ichor.cli.screen_progress import PACE_OVER, Pace


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_that_of_the_last_scans_and_gives_the_time_left() -> None:
    clock = Clock()
    pace = Pace(1000, clock)
    assert str(pace) == "0 of 1000 scans"
    for clock.now in range(10, 110, 10):
        pace.add(before=False)
    assert str(pace) == "10 of 1000 scans, 6.0 per minute, 2.8 h left"
    for _ in range(PACE_OVER):
        clock.now += 0.5
        pace.add(before=False)
    assert str(pace) == "210 of 1000 scans, 2.0 per second, 7 min left"
    for _ in range(780):
        pace.add(before=True)
    assert str(pace) == "990 of 1000 scans, 2.0 per second, 5 s left"


def test_scans_that_were_done_before_do_not_count() -> None:
    clock = Clock()
    pace = Pace(10, clock)
    for _ in range(5):
        clock.now += 60
        pace.add(before=True)
    assert str(pace) == "5 of 10 scans"
    clock.now += 1
    pace.add(before=False)
    assert str(pace) == "6 of 10 scans, 1.0 per second, 4 s left"
