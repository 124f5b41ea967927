"""What is said of a published dataset beside its results and on the card of a model that was trained on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownDataset:
    """A published dataset.

    Attributes:
        kind: the name under which `ichor.dataset.registry` knows its layout.
        name: what it is called.
        release: the same with version and authors.
        citation: how to cite it, with its licence.
        limits: in which respects it differs from what a hospital scans, in Markdown.
        weights_licence: what stands on the card of a model that was trained on it.
        demonstration_subject: the subject of the demonstration scan.
        of_the_paper: whether the figures of the paper that Ichor starts from are of it.
    """

    kind: str
    name: str
    release: str
    citation: str
    limits: str
    weights_licence: str
    demonstration_subject: str
    of_the_paper: bool
