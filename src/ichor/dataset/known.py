"""What is known of published datasets, by their fingerprint: a result or a model's card says it."""

from __future__ import annotations

from functools import cache

from ichor.dataset.about import KnownDataset


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
