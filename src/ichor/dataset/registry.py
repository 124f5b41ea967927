"""The kinds of datasets, by name; each is one file or folder here, or comes from another package.

Another package registers one in its pyproject.toml under `[project.entry-points."ichor.datasets"]`, as
NAME = "module:KIND".
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from ichor.dataset.base import Dataset
from ichor.dataset.kind import Kind
from ichor.errors import UnreadableInput
from ichor.plugins import Plugins

DATASETS = Plugins(
    kind="dataset",
    group="ichor.datasets",
    # The open forms are last: a published dataset may have their folders, too.
    own={
        "ct-ich": "ichor.dataset.ct_ich.kind:KIND",
        "bhsd": "ichor.dataset.bhsd:KIND",
        "hemseg": "ichor.dataset.hemseg:KIND",
        "hemorica": "ichor.dataset.hemorica:KIND",
        "instance2022": "ichor.dataset.instance2022:KIND",
        "rsna2019": "ichor.dataset.rsna2019.kind:KIND",
        "cq500": "ichor.dataset.cq500:KIND",
        "phe-sich": "ichor.dataset.phe_sich:KIND",
        "cpaisd": "ichor.dataset.cpaisd:KIND",
        "bids": "ichor.dataset.bids_masks:KIND",
        "nnunet": "ichor.dataset.nnunet_raw:KIND",
    },
)


def kinds() -> tuple[Kind, ...]:
    """All of them: those of this package in order, then those of others."""
    registered = DATASETS.registered()
    names = [*DATASETS.own, *sorted(set(registered) - set(DATASETS.own))]
    return tuple(get_kind(name) for name in names)


def get_kind(name: str) -> Kind:
    """The kind of that name. Raises BadConfig if there is none."""
    return cast(Kind, DATASETS.get(name))


def kind_of(dataset: Dataset) -> Kind:
    """The kind of an open dataset. Raises BadConfig if it is not a registered one."""
    return get_kind(dataset.facts.kind)


def open_dataset(path: Path, kind: str | None = None) -> Dataset:
    """The dataset in a folder, of the given kind if there is one.

    Raises UnreadableInput where it is in no layout that Ichor reads, or not in that of `kind`.
    """
    if not path.is_dir():
        raise UnreadableInput(
            f"{path}: expected the folder of a dataset, found {'a file' if path.exists() else 'none'}"
        )
    candidates = kinds() if kind is None else (get_kind(kind),)
    for one in candidates:
        if one.recognizes(path):
            return one.open(path)
    if kind is not None:
        layout = candidates[0].facts[0].layout
        raise UnreadableInput(f"{path}: expected the dataset {kind} ({layout}), found another layout")
    names = ", ".join(one.name for one in candidates)
    raise UnreadableInput(
        f"{path}: expected a dataset in a layout that Ichor reads ({names}; `ichor dataset list --json` shows them), "
        "found none of these"
    )
