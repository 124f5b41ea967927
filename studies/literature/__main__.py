"""Print docs/explanation/literature.md: the paper's review of methods, with this project's results added.

    python -m studies.literature > docs/explanation/literature.md

The review is in docs/explanation/literature.yaml; our figures come from results/*/metrics.json.
"""

from __future__ import annotations

from studies.command import run
from studies.literature.page import page


def main() -> None:
    """Print the page."""
    print(page(), end="")


if __name__ == "__main__":
    run("literature", main)
