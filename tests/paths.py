"""Where the data that tests read lies: a folder beside the repository, or linked into it."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared"
# What an earlier Ichor wrote: see the README there.
MADE_EARLIER = Path(__file__).resolve().parent / "data" / "made-at-06608c8"
