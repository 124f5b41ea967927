"""What is known of published datasets, by their fingerprint: a result or a model's card says it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class KnownDataset:
    """A published dataset.

    Attributes:
        name: what it is called.
        release: the same with version and authors.
        citation: how to cite it, with its licence.
        limits: in which respects it differs from what a hospital scans, in Markdown.
        weights_licence: what stands on the card of a model that was trained on it.
        demonstration_subject: the subject of the demonstration scan.
        of_the_paper: whether the figures of the paper that Ichor starts from are of it.
    """

    name: str
    release: str
    citation: str
    limits: str
    weights_licence: str
    demonstration_subject: str
    of_the_paper: bool


@cache
def _known() -> dict[str, KnownDataset]:
    from ichor.dataset.ct_ich.about import ABOUT
    from ichor.dataset.ct_ich.published import FINGERPRINT

    return {FINGERPRINT: ABOUT}


def known_dataset(fingerprint: str) -> KnownDataset | None:
    """The published dataset of that fingerprint; None for any other."""
    return _known().get(fingerprint)


def dataset_name(fingerprint: str) -> str:
    """Its name, or `a dataset of fingerprint 0123456789ab`."""
    known = known_dataset(fingerprint)
    return f"a dataset of fingerprint {fingerprint[:12]}" if known is None else known.name
