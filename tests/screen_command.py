"""`ichor` as a process with a made method, whose model package is a folder with a number, the lowest HU of blood.

`command(...)` gives the words that run it. At a scan whose file begins with `wait` the method waits for a file
`go`, and a file `waits-NAME` tells so, and by which process, both in the folder ICHOR_TEST_SIGNS: so tests know where
the command is.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import ModuleType

from ichor.scan import Scan
from ichor.screening.screener import Screener
from ichor.segmentation import Segmentation
from synthetic_scans import FailingMethod

SIGNS = "ICHOR_TEST_SIGNS"


def command(*words: str | Path) -> list[str]:
    """The words that run it."""
    return [sys.executable, __file__, *map(str, words)]


class WaitingMethod(FailingMethod):
    """Waits at scans by their names."""

    def predict(self, scan: Scan) -> Segmentation:
        name = scan.source.path.name
        if name.startswith("wait"):
            signs = Path(os.environ[SIGNS])
            (signs / f"waits-{name.partition('.')[0]}").write_text(str(os.getpid()))
            while not (signs / "go").exists():
                time.sleep(0.01)
        return super().predict(scan)


def screener(package: Path, *, threads: int | None = None, operating_point: str | None = None) -> Screener:
    """In place of the class, in workers, too."""
    return Screener.of(WaitingMethod(lowest_hu=float(package.name)))


def main() -> None:
    import ichor.models
    import ichor.screening.screener
    from ichor.cli import main as run

    module = ModuleType("ichor.models.package")
    module.DEFAULT_MODEL = "60"  # type: ignore[attr-defined]
    module.find_package = Path  # type: ignore[attr-defined]
    module.operating_point_of = lambda folder, asked: asked  # type: ignore[attr-defined]
    sys.modules["ichor.models.package"] = ichor.models.package = module  # type: ignore[attr-defined]
    ichor.screening.screener.Screener = screener  # type: ignore[assignment,misc]
    run()


if __name__ == "__main__":
    main()
