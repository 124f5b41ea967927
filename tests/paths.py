"""Where the data that tests read lies: a folder beside the repository, or linked into it."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared"
