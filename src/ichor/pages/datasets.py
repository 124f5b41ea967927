"""The page of datasets, and the same for programs: all of it from what the registry knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ichor.dataset.facts import Benchmark, Facts

_HEAD = """# Datasets of hemorrhage on head CT

Ichor reads the following datasets but contains none of them: you need your own copy, under its owner's terms. Give it
as NAME=PATH to `ichor dataset check`, `describe` and `overlaps`, or with `--data NAME=PATH` to `ichor crossval`,
`train` and `evaluate`; [Use other datasets](../how-to/use-other-datasets.md) shows how. The information on licenses is
not legal advice.

This page is written by `ichor dataset list --markdown`.
"""


def datasets_page(every: Sequence[Facts]) -> str:
    """The page, Markdown."""
    rows = [(f"`{f.kind}`", f.title, f.size, f.labels_text, f.licence.name, f.licence.allows) for f in every]
    table = _table(("name", "dataset", "size", "labels", "license", "allows"), rows)
    parts = [_HEAD, table, *map(_section, every), _benchmarks(every), "Research use only; not a medical device.\n"]
    return "\n".join(parts)


def datasets_json(every: Iterable[Facts]) -> list[dict[str, Any]]:
    """What is known of each dataset, as plain lists and dictionaries."""
    return [
        {
            "name": f.kind,
            "title": f.title,
            "size": f.size,
            "labels": sorted(label.value for label in f.labels),
            "licence": {
                "name": f.licence.name,
                "url": f.licence.url,
                "allows": f.licence.allows,
                "commercial": f.licence.commercial,
                "share_weights": f.licence.share_weights,
                "share_alike": f.licence.share_alike,
                "on_request": f.licence.on_request,
                "note": f.licence.note,
            },
            "source": f.source,
            "citation": f.citation,
            "layout": f.layout,
            "traps": list(f.traps),
            "unverified": f.unverified,
            "benchmarks": [
                {"who": b.who, "figure": b.figure, "protocol": b.protocol, "source": b.source} for b in f.benchmarks
            ],
        }
        for f in every
    ]


def _section(facts: Facts) -> str:
    licence = facts.licence
    terms = f"{licence.name}: {licence.allows}. {licence.note}".strip()
    link = f" ({licence.url})" if licence.url else ""
    lines = [
        f"## {facts.title}",
        "",
        f"`--data {facts.kind}=PATH`; {facts.size}.",
        "",
        f"- **Labels:** {facts.labels_text}",
        f"- **License:** {terms}{link}",
        f"- **Source:** {facts.source}",
        f"- **Layout:** `{facts.layout}`",
        f"- **Cite:** {facts.citation}",
        *(f"- **Pitfall:** {trap}" for trap in facts.traps),
    ]
    lines += [f"- **Unverified:** {facts.unverified}"] if facts.unverified else []
    return "\n".join([*lines, ""])


def _benchmarks(every: Sequence[Facts]) -> str:
    rows = [(f.title, *_cells(b)) for f in every for b in f.benchmarks]
    words = (
        "Figures can be compared only if dataset, split, averaging and truth are the same, which is rarely the case: "
        "each figure is given with its protocol, and they are not ranked."
    )
    return "\n".join(
        ["## Published results", "", words, "", _table(("dataset", "method", "figure", "protocol", "source"), rows)]
    )


def _cells(one: Benchmark) -> tuple[str, str, str, str]:
    return one.who, one.figure, one.protocol, one.source


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |" for cells in lines) + "\n"
