"""The page of a campaign: counts by reader, syntax and kind of mutation, and each fault."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fuzzing.campaign import Outcome
from fuzzing.mutations import KINDS
from ichor.atomic import write_whole

RESULTS = ("read", "refused", "crash contained", "limit exceeded", "traceback")

PAGE = """# Damaged inputs

{n:,} damaged inputs were read and {n_commands} whole `ichor screen` commands run on damaged inputs, by

    python scripts/fuzz.py --count {n} --commands {n_commands} --seed {seed} --out results/fuzz

(`make fuzz`). The same seed makes the same inputs. Each is a small valid input, made by code, of which the header, the
lengths, the compressed content or the structure was damaged.

| | inputs | commands |
|---|---|---|
{faults}

Seconds are wall-clock time for inputs and processor time for commands, of which several ran at a time. An abort or
an exceeded limit of the reading process is not a fault: the input is refused in one line and the next is
read. {reached:.0%} of the inputs reached a decoder: native pixels, a codestream, gzip, a zip's entries, an image, a
video's frames or a package's YAML began to be decoded. The peak of memory is that of the reading process; if it
died, the highest value before. The longest input took {longest:.1f} s, the most memory was {most:.0f} MiB.

## By reader and syntax

| reader | syntax | inputs | reached a decoder | {results} |
|---|---|---|---|{rules}|
{by_syntax}

## By kind of damage

| kind | inputs | reached a decoder | {results} |
|---|---|---|{rules}|
{by_kind}

Commands by exit code: {exits}. HTJPEG 2000 is read too but not in the table: nothing that is installed writes it.

Research use only; not a medical device.
"""


def write_page(out: Path, outcomes: Sequence[Outcome], commands: Sequence[dict[str, Any]], seed: int) -> int:
    """Write README.md and fuzz.json into `out`; 1 where there was a fault."""
    faulty = [one for one in outcomes if one.faults]
    faulty_commands = [one for one in commands if one["faults"]]
    page = PAGE.format(
        n=len(outcomes),
        n_commands=len(commands),
        seed=seed,
        faults="\n".join(_fault_rows(outcomes, commands)),
        reached=sum(one.reached_decoder for one in outcomes) / max(1, len(outcomes)),
        longest=max((one.seconds for one in outcomes), default=0),
        most=max((one.peak_bytes for one in outcomes), default=0) / 2**20,
        results=" | ".join(RESULTS),
        rules="---|" * len(RESULTS),
        by_syntax="\n".join(_rows(outcomes, lambda one: f"{one.reader} | {one.syntax}")),
        by_kind="\n".join(_rows(outcomes, lambda one: one.kind)),
        exits=", ".join(
            f"{count} x {code}" for code, count in sorted(Counter(one["exit"] for one in commands).items())
        ),
    ).replace("|---||", "|---|")
    found = {
        "seed": seed,
        "inputs": len(outcomes),
        "commands": len(commands),
        "faults": [
            {"number": one.number, "reader": one.reader, "syntax": one.syntax, "kind": one.kind}
            | {"faults": list(one.faults)}
            for one in faulty
        ],
        "faulty_commands": [
            {key: one[key] for key in ("number", "reader", "syntax", "kind", "exit", "faults")}
            for one in faulty_commands
        ],
        "counts": [
            {"reader": reader, "syntax": syntax, "kind": kind, "result": result, "inputs": count}
            for (reader, syntax, kind, result), count in sorted(
                Counter((one.reader, one.syntax, one.kind, one.result) for one in outcomes).items()
            )
        ],
        "reached_decoder": sum(one.reached_decoder for one in outcomes),
        "longest_s": round(max((one.seconds for one in outcomes), default=0), 2),
        "peak_mib": round(max((one.peak_bytes for one in outcomes), default=0) / 2**20),
        "exit_codes": {str(code): count for code, count in sorted(Counter(one["exit"] for one in commands).items())},
    }
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "README.md", page)
    write_whole(out / "fuzz.json", json.dumps(found, indent=1) + "\n")
    return 1 if faulty or faulty_commands else 0


def _fault_rows(outcomes: Sequence[Outcome], commands: Sequence[dict[str, Any]]) -> Iterable[str]:
    def inputs(fault: str) -> int:
        return sum(any(one.startswith(fault) for one in each.faults) for each in outcomes)

    def of_commands(fault: str) -> int:
        return sum(any(one.startswith(fault) for one in each["faults"]) for each in commands)

    yield f"| tracebacks | {inputs('traceback')} | {of_commands('traceback')} |"
    yield f"| aborts that ended the command | | {of_commands('exit code')} |"
    noisy = sum(any("lines" in one or "noise" in one for one in each["faults"]) for each in commands)
    yield f"| errors of more than one line, noise | {inputs('more than one')} | {noisy} |"
    yield f"| over 20 s | {inputs('over 20 s')} | {of_commands('over 20 s')} |"
    yield f"| over 1 GiB | {inputs('over 1 GiB')} | |"
    yield f"| arrays of a shape that the header does not have | {inputs('shape')} | |"


def _rows(outcomes: Sequence[Outcome], name: Any) -> Iterable[str]:
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault(name(one), []).append(one)
    order = {kind: k for k, kind in enumerate(KINDS)}
    for key in sorted(groups, key=lambda key: (order.get(key, 0), list(groups).index(key))):
        counts = Counter(one.result for one in groups[key])
        reached = sum(one.reached_decoder for one in groups[key])
        cells = " | ".join(str(counts[result]) for result in RESULTS)
        yield f"| {key} | {len(groups[key])} | {reached} | {cells} |"
