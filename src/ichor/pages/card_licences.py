"""The section of a model card on licenses: those of all training data, and their consequences for the weights."""

from __future__ import annotations

from ichor.dataset.facts import consequences
from ichor.dataset.known import dataset_name, known_dataset
from ichor.dataset.trained import licence_of
from ichor.models.package import TrainedOn, Training


def licence_section(training: Training | None) -> str:
    """The licenses of the data that a model was trained on, directly or through packages it started from."""
    if training is None:
        return "Weights derive from unknown data."
    released, recorded = [], dict[str, TrainedOn]()
    for one in training.lineage:
        known = known_dataset(one.fingerprint)
        if known is not None:
            released.append(known.weights_licence)
        elif one.datasets:
            recorded |= {each.fingerprint: each for each in one.datasets.values()}
        else:
            released.append(f"Weights derive from {dataset_name(one.fingerprint)}: ask its owner.")
    return "\n\n".join([*dict.fromkeys(released), *([_recorded(list(recorded.values()))] if recorded else [])])


def _recorded(datasets: list[TrainedOn]) -> str:
    lines = []
    for one in datasets:
        terms = licence_of(one)
        where = f" (<{terms.url}>)" if terms.url else ""
        note = f" {terms.note}" if terms.note else ""
        lines.append(f"- {one.title}: {terms.name}{where}; {terms.allows}.{note}")
    which = "the layouts of these datasets" if len(datasets) > 1 else "the layout of this dataset"
    first = f"The weights derive from data in {which}. These terms do not apply to other data in the same layout."
    follows = consequences([licence_of(one) for one in datasets])
    return "\n".join([first, "", *lines, "", f"{follows} Not legal advice: the text of each license decides."])
