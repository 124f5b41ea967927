"""How ct-ich is recognized, opened, checked and described."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ichor.dataset.ct_ich.dataset import CtIch
from ichor.dataset.ct_ich.facts import FACTS
from ichor.dataset.kind import Kind

if TYPE_CHECKING:
    from ichor.dataset.ct_ich.check.check import Checker
    from ichor.dataset.ct_ich.describe import Description


def _recognizes(root: Path) -> bool:
    """Whether it has the images of either release; a missing table is reported when it is opened."""
    return (root / "Patients_CT").is_dir() or (root / "ct_scans").is_dir()


def _check(dataset: CtIch) -> Checker:
    from ichor.dataset.ct_ich.check.check import Checker

    return Checker(dataset)


def _describe(dataset: CtIch) -> Description:
    from ichor.dataset.ct_ich.describe import describe

    return describe(dataset)


KIND = Kind(facts=tuple(FACTS.values()), recognizes=_recognizes, open=CtIch, check=_check, describe=_describe)
