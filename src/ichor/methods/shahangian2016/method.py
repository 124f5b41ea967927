"""The method `shahangian2016`: a hierarchy of support vector machines over the features of slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ichor.methods.classical.base import Classical, Settings
from ichor.methods.classical.head import Head, Mask
from ichor.methods.classical.svm import LinearSvm
from ichor.methods.shahangian2016.features import hematomas, slice_features
from ichor.scan import FloatArray, Scan
from ichor.segmentation import Segmentation, Task
from ichor.subtypes import Subtype

if TYPE_CHECKING:
    from ichor.dataset.case import Case

ORDER = list(Subtype)
EDH, IPH, SDH = (ORDER.index(one) for one in (Subtype.EDH, Subtype.IPH, Subtype.SDH))


class Parameters(BaseModel):
    """The hierarchy: hemorrhage or none; if any, epidural or not; if not, intraparenchymal or subdural."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hemorrhage: LinearSvm
    epidural: LinearSvm
    intraparenchymal: LinearSvm


class Shahangian2016(Classical[Settings, Parameters]):
    """Outlines hematomas, and decides slice by slice whether and of which subtype they are."""

    name = "shahangian2016"
    task = Task.SEGMENT | Task.DETECT
    settings_type = Settings
    parameters_type = Parameters

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Fit the three machines to the slices of the training cases that show brain."""
        features, labels, subjects = [], [], []
        for case, head in self.heads(training):
            shown = head.brain.any(axis=(1, 2))
            features.append(slice_features(head, hematomas(head))[shown])
            labels.append(case.labels[shown])
            subjects += [case.subject] * int(shown.sum())
        x, told, of = np.concatenate(features), np.concatenate(labels), np.array(subjects)
        positive = told.any(axis=1)
        self.require_cases(positive.any())
        others = told[:, [IPH, SDH]].any(axis=1) & ~told[:, EDH]
        typed = told[:, EDH] | others
        self.parameters = Parameters(
            hemorrhage=LinearSvm.fit(x, positive, of),
            epidural=_fit(x, told[:, EDH], of, typed),
            intraparenchymal=_fit(x, told[:, IPH], of, others),
        )

    def predict(self, scan: Scan) -> Segmentation:
        """Mark the hematomas on slices that are called; the probabilities are those of the machines."""
        fitted, head = self.fitted, Head.of(scan, self.settings.grid)
        found = hematomas(head)
        features = slice_features(head, found)
        shown = head.brain.any(axis=(1, 2))
        hemorrhage = np.where(shown, fitted.hemorrhage.probability(features), 0)
        epidural = fitted.epidural.probability(features)
        intraparenchymal = fitted.intraparenchymal.probability(features)
        subtypes: FloatArray = np.zeros((scan.n_slices, len(ORDER)))
        subtypes[:, EDH] = hemorrhage * epidural
        subtypes[:, IPH] = hemorrhage * (1 - epidural) * intraparenchymal
        subtypes[:, SDH] = hemorrhage * (1 - epidural) * (1 - intraparenchymal)
        called = shown & (fitted.hemorrhage.decision(features) > 0)
        return self.segmentation(
            head, found & called[:, None, None], slice_score=np.asarray(hemorrhage, np.float64), subtypes=subtypes
        )

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works and what was fitted."""
        return (
            "A level set (DRLSE) outlines hematomas, and a hierarchy of linear support vector machines over shape, "
            "texture and a weighted gray histogram decides on each slice whether there is hemorrhage and of which of "
            "three subtypes (Shahangian and Pourghassem 2016). The machines were fitted on the training subjects."
        )


def _fit(x: FloatArray, truth: Mask, subjects: NDArray[np.str_], rows: Mask) -> LinearSvm:
    """A machine fitted to some rows; if there are none, one that always says no."""
    if not rows.any():
        return LinearSvm.fit(x, np.zeros(len(x), bool), subjects)
    return LinearSvm.fit(x[rows], truth[rows], subjects[rows])
