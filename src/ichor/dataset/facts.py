"""What is known of a dataset: labels, license, source, citation, pitfalls and published results."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """The kinds of labels that a dataset may have; the value is how it is named to people."""

    VOXELS = "voxels"
    SLICES = "slices"
    SLICE_SUBTYPES = "subtypes of slices"
    SCANS = "scans"
    SCAN_SUBTYPES = "subtypes of scans"


EVERY_LABEL = frozenset(Label)
DELINEATED = frozenset({Label.VOXELS, Label.SLICES, Label.SCANS})


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms of a dataset, as published. Not legal advice: the text of the license decides.

    Attributes:
        name: its usual name.
        url: where it can be read.
        commercial: whether commercial use is allowed; None if the terms are unclear.
        share_weights: whether weights that were trained on it may be passed on; None if the terms are unclear.
        share_alike: whether derived works must be under the same terms.
        on_request: whether one must request access or sign an agreement.
        note: anything else that users must know, in one or two sentences.
    """

    name: str
    url: str
    commercial: bool | None
    share_weights: bool | None
    share_alike: bool = False
    on_request: bool = False
    note: str = ""

    @property
    def allows(self) -> str:
        """What it allows, in a few words."""
        parts = [
            {True: "commercial use", False: "non-commercial use only", None: "commercial use unclear"}[self.commercial],
            {True: "weights may be shared", False: "weights may not be shared", None: "sharing of weights unclear"}[
                self.share_weights
            ],
        ]
        parts += ["under the same terms"] if self.share_alike else []
        parts += ["on request"] if self.on_request else []
        return ", ".join(parts)


# A user's own data in an open format: only their owner knows the terms.
OWN = Licence("not stated", "", None, None, note="Ask the owner of the data.")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One published result on a dataset.

    Attributes:
        who: method and year.
        figure: the published figure, as published.
        protocol: on which cases, and averaged how; figures can be compared only if this is the same.
        source: where it is published.
    """

    who: str
    figure: str
    protocol: str
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a dataset, whoever has a copy.

    Attributes:
        kind: the name under which Ichor knows its layout, as in `--data KIND=PATH`.
        title: its full name.
        size: how much there is, as published.
        labels: the kinds of labels that every case of it has.
        licence: its terms.
        source: where to get it.
        citation: how to cite it.
        layout: its files, in one line.
        traps: its pitfalls, what goes wrong if it is used without care, in one sentence each.
        unverified: what about the layout could not be checked against the files themselves; empty if everything was.
        benchmarks: published results whose protocol is stated.
    """

    kind: str
    title: str
    size: str
    labels: frozenset[Label]
    licence: Licence
    source: str
    citation: str
    layout: str
    traps: tuple[str, ...] = ()
    unverified: str = ""
    benchmarks: tuple[Benchmark, ...] = ()

    @property
    def labels_text(self) -> str:
        """The kinds of labels, for people."""
        return labels_text(self.labels)


def labels_text(labels: Collection[Label]) -> str:
    """Kinds of labels for people: those that follow from finer ones are left out."""
    implied = {
        Label.SLICES: Label.SLICE_SUBTYPES,
        Label.SCAN_SUBTYPES: Label.SLICE_SUBTYPES,
        Label.SCANS: Label.SLICES,
    }
    shown = [label.value for label in Label if label in labels and implied.get(label) not in labels]
    return ", ".join(shown) or "none"


def consequences(licences: Collection[Licence]) -> str:
    """The consequences for weights trained on data under all of these licenses, in one to three sentences."""
    texts = []
    if any(one.commercial is False for one in licences):
        texts.append("The weights are for non-commercial use only.")
    elif any(one.commercial is None for one in licences):
        texts.append("Ask the owners whether commercial use is allowed.")
    if any(one.share_weights is False for one in licences):
        texts.append("Do not pass the weights on.")
    elif any(one.share_weights is None for one in licences):
        texts.append("Ask the owners whether the weights may be passed on.")
    alike = [one.name for one in licences if one.share_alike]
    if alike:
        texts.append(f"Works derived from them must be under the same terms ({', '.join(dict.fromkeys(alike))}).")
    return " ".join(texts) or "The weights may be used and passed on, with attribution."
