"""The figures that show CT: chosen by rule, cropped so that no face is visible, each with its caption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.evaluate.prediction import Prediction
from ichor.pages.pictures.atlas import Failure, atlas
from ichor.pages.pictures.choice import (
    N_ATLAS,
    choose_figure_4,
    choose_figure_5,
    choose_missed,
)
from ichor.pages.pictures.drawn import DrawnFigure
from ichor.pages.pictures.figure_4 import figure_4
from ichor.pages.pictures.figure_5 import figure_5
from ichor.pages.pictures.findings import Finding, marked_by
from ichor.pages.pictures.reasons import measure, reason
from ichor.pages.pictures.style import ATTRIBUTION
from ichor.pages.pictures.survey import Survey
from ichor.pages.pictures.views import Views
from ichor.subtypes import Subtype

Drawn = tuple[DrawnFigure, Figure]
ProbabilityOf = Callable[[str], NDArray[np.float32] | None]

FIGURE_4 = "figure-4"
_FACES = "Only slices above the orbits and crops around a lesion that show neither orbit nor nose are used."


class Pictures:
    """The figures of a run that show CT."""

    def __init__(self, dataset: Dataset, predictions: Mapping[str, Prediction], survey: Survey) -> None:
        self._dataset, self._predictions, self._survey = dataset, predictions, survey

    def figures(self, probability_of: ProbabilityOf) -> Iterator[Drawn]:
        """Draw all of them; Figure 4 only if probabilities are available."""
        yield from self._figure_4(probability_of)
        yield from self._figure_5()
        yield from self._atlas(
            "missed",
            choose_missed(self._survey.findings),
            "Missed lesions",
            "the largest of each subject, the largest first. A lesion is a component of a slice's delineation; it "
            "counts as missed if it contains no predicted pixel.",
        )

    def _figure_4(self, probability_of: ProbabilityOf) -> Iterator[Drawn]:
        chosen = choose_figure_4(self._survey.findings, self._survey.dice)
        views = []
        for finding in chosen:
            probability = probability_of(finding.subject)
            if probability is None:
                return
            _, one = self._views(finding.subject, probability)
            views.append(one.around(finding.index, marked_by(finding, one)))
        if not views:
            return
        names = "; ".join(f"{v.name} (Dice {self._survey.dice[v.subject]:.2f})" for v in views)
        yield (
            DrawnFigure(
                FIGURE_4,
                "As the paper's Figure 4: tiles of 160x160 pixels of test slices with the radiologists' delineation "
                "(red dotted), and below the probability before threshold and post-processing, black at 0, white at 1. "
                "Chosen by rule: the largest lesions of subjects from the best to the lowest Dice, in equal "
                f"steps. {_FACES} {ATTRIBUTION}",
                f"{len(views)} tiles of CT with an outline, above their probability: {names}.",
            ),
            figure_4(views, self._survey.dice),
        )

    def _figure_5(self) -> Iterator[Drawn]:
        chosen = choose_figure_5(self._survey.findings, self._survey.excluded)
        fits, false, missed = (
            [self._views(f.subject)[1].whole(f.index) for f in some]
            for some in (chosen.fits, chosen.false_positives, chosen.missed)
        )
        if not fits and not false and not missed:
            return
        yield (
            DrawnFigure(
                "figure-5",
                "As the paper's Figure 5: test slices with the delineation of the radiologists (red dotted) and of "
                "this method (green dashed). Chosen by rule among slices above the orbits: the best slice by Dice of "
                "the two subjects where it is highest, the largest false positive (component of the mask without a "
                "delineated pixel) of the two where it is largest, and the largest missed lesion (component of the "
                "delineation without a predicted pixel) of one. Subjects excluded from overlap do not count. "
                f"{ATTRIBUTION}",
                "Slices of CT with two outlines. "
                + " ".join(
                    f"{title}: {', '.join(v.name for v in views) or 'none'}."
                    for title, views in (("Fits", fits), ("False positives", false), ("Missed", missed))
                ),
            ),
            figure_5(fits, false, missed),
        )

    def _atlas(self, name: str, chosen: Sequence[Finding], title: str, rule: str) -> Iterator[Drawn]:
        if not chosen:
            return
        failures = [self._failure(finding) for finding in chosen]
        yield (
            DrawnFigure(
                f"atlas-{name}",
                f"{title}: {rule} No more than {N_ATLAS} are shown. Below each are measurements that may explain the "
                f"failure. {_FACES} {ATTRIBUTION}",
                "Crops of CT with the outlines of radiologists and method. "
                + " ".join(f"{failure.title}: {failure.reason} ({failure.measured})." for failure in failures),
            ),
            atlas(title, failures),
        )

    def _failure(self, finding: Finding) -> Failure:
        case, views = self._views(finding.subject)
        marked = marked_by(finding, views)
        why, measured = _why(finding, marked, case, views)
        labels = np.zeros(len(Subtype), bool) if case.subtypes is None else case.subtypes[finding.index]
        subtypes = [s.value for s, present in zip(Subtype, labels, strict=True) if present]
        return Failure(
            view=views.around(finding.index, marked),
            title=f"{finding.subject}, slice {finding.index + 1} ({', '.join(subtypes) or 'no hemorrhage'})",
            reason=why,
            measured=measured,
        )

    def _views(self, subject: str, probability: NDArray[np.float32] | None = None) -> tuple[Case, Views]:
        case = self._dataset.case(subject)
        return case, Views(case, self._predictions[subject].outline(), probability)


def _why(finding: Finding, marked: NDArray[np.bool_], case: Case, views: Views) -> tuple[str, str]:
    """The possible reason for a failure, and the measurements behind it."""
    heights = case.scan.slice_heights_mm
    if views.pixel_mm is None or heights is None:
        return "not measured, since the scan's spacing is unknown", ""
    reference = views.reference[finding.index]
    measured = measure(
        views.hu[finding.index],
        marked,
        reference,
        views.pixel_mm,
        float(heights[finding.index]),
        views.width_share(finding.index),
    )
    why = reason(finding.kind, measured, excluded=bool(case.excluded_from_overlap))
    return why, str(measured)
