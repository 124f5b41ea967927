"""What the viewer needs from an annotation tool: opening a result's outlines for correction, and the outcome."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from ichor.orientation import to_radiological
from ichor.view.decisions import Who
from ichor.view.opened import Opened
from ichor.view.results import Listed

# The outcomes for a lesion in a finished correction.
Outcome = Literal["unchanged", "changed", "removed"]


class AskedToCorrect(BaseModel):
    """A request to correct the outlines of a result: by whom, and the slice to start at, from 0."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: Who
    slice: Annotated[int, Field(ge=0, lt=2**31)]


@dataclass(frozen=True, slots=True)
class Correction:
    """The state of a reader's drawing that started from the outlines of a result.

    Attributes:
        who: the reader.
        when: when it was started or, if `done`, finished; UTC, ISO 8601.
    """

    who: str
    when: str
    done: bool


class Corrector(Protocol):
    """An annotation tool. Its methods may be called from any thread, and raise IchorError if something is wrong."""

    def begin(self, opened: Opened, who: str, slice_index: int) -> str:
        """A one-use link to a reader's drawing of the scan, at a slice; a new drawing starts from the outlines."""
        ...

    def found(self, listed: Listed) -> tuple[Correction, NDArray[np.uint8]] | None:
        """The drawing that was finished last, or else the last one started; None if there is none.

        It comes with its label map, (n, rows, columns) on the scan's own grid: 0 nothing, 1 to 5 the subtypes, 6
        hemorrhage without a subtype.
        """
        ...

    def stop_work(self) -> None:
        """Abort work in progress, and accept no more."""
        ...

    def close(self) -> None:
        """End everything that was started."""
        ...


def described(opened: Opened, found: tuple[Correction, NDArray[np.uint8]] | None) -> dict[str, Any] | None:
    """A correction in the form that the page shows.

    A finished one also has `volume_ml` and `volume_px` of the drawing, and `lesions`, the outcome of each by number.
    """
    if found is None:
        return None
    correction, stored = found
    if not correction.done:
        return asdict(correction)
    drawn = to_radiological(stored, opened.scan)
    areas = (drawn > 0).sum(axis=(1, 2))
    volumes = {"volume_ml": opened.scan.volume_ml(areas), "volume_px": int(areas.sum())}
    return {**asdict(correction), **volumes, "lesions": _outcomes(opened, drawn)}


def _outcomes(opened: Opened, drawn: NDArray[np.uint8]) -> dict[int, Outcome]:
    lesions, before, findings = opened.lesion_of, opened.labels, opened.listed.findings
    if lesions is None or before is None or findings is None:
        return {}
    hemorrhage = findings.hemorrhage
    same = drawn == before if hemorrhage.subtypes is not None else (drawn > 0) == (before > 0)
    result: dict[int, Outcome] = {}
    for number, place in enumerate(ndimage.find_objects(lesions, len(hemorrhage.lesions)), 1):
        if place is not None:
            around = tuple(slice(max(0, one.start - 1), one.stop + 1) for one in place)
            result[number] = _outcome(lesions[around] == number, drawn[around] > 0, same[around])
    return result


def _outcome(lesion: NDArray[np.bool_], drawn: NDArray[np.bool_], same: NDArray[np.bool_]) -> Outcome:
    """The outcome for a lesion; anything drawn adjacent to it counts as a change to it."""
    if not (lesion & drawn).any():
        return "removed"
    return "unchanged" if same[ndimage.binary_dilation(lesion, np.ones((3, 3, 3)))].all() else "changed"
