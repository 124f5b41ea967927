"""Lists of subjects for people to read."""

from __future__ import annotations

from collections.abc import Iterable


def named(subjects: Iterable[str]) -> str:
    """Subjects in order, with runs of numbers shortened: '049, 059 to 065'; 'none' if there are none."""
    runs: list[list[str]] = []
    for subject in sorted(subjects):
        if runs and _follows(runs[-1][-1], subject):
            runs[-1].append(subject)
        else:
            runs.append([subject])
    parts = (f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)
    return ", ".join(parts) or "none"


def _follows(subject: str, after: str) -> bool:
    return subject.isdecimal() and after.isdecimal() and int(after) == int(subject) + 1
