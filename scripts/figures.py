"""Fill the measured figures of README and docs from the committed results.

    python scripts/figures.py

A figure stands between `<!-- figure: NAME -->` and `<!-- end -->`; NAME is one of those below. A test holds every
document to what this writes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FIGURE = re.compile(r"(<!-- figure: ([\w-]+) -->)(.*?)(<!-- end -->)", re.DOTALL)


def figures(results: Path) -> dict[str, str]:
    """Every figure by its name, as it is to be read."""
    answers = json.loads((results / "same-answer" / "answers.json").read_text(encoding="utf-8"))
    said = answers["variants"][0]["scans"]  # of the network in fp32, on the machine as it is
    return {f"{scan}-ml": f"{said[scan]['volume_ml']:.1f}" for scan in ("ge-head", "demo-scan")}


def filled(text: str, known: dict[str, str]) -> str:
    """The text with its figures as they are known. Raises KeyError for one that is not."""
    return _FIGURE.sub(lambda found: f"{found[1]}{known[found[2]]}{found[4]}", text)


def main() -> None:
    """Fill every document."""
    known = figures(ROOT / "results")
    for document in DOCUMENTS:
        document.write_text(filled(document.read_text(encoding="utf-8"), known), encoding="utf-8")


if __name__ == "__main__":
    main()
