"""The summary of a result for the worklist."""

from __future__ import annotations

from pathlib import Path

from ichor.errors import UnreadableInput
from ichor.findings.schema import Findings
from ichor.node.queue.analysis import Summary
from ichor.node.queue.queue import Queue
from ichor.view.decisions import read_decisions
from ichor.view.results import holds_results, read_result
from ichor.write.folder import DECISIONS


def summary_of(findings: Findings) -> Summary:
    """The summary of a scan's findings."""
    return Summary(
        probability=findings.hemorrhage.probability,
        volume_ml=findings.hemorrhage.volume_ml,
        warnings=len(findings.scan.input_checks) + len(findings.scan.warnings),
    )


def complete_summaries(queue: Queue, results: Path) -> None:
    """Call this when the node starts: fill in the summaries of earlier versions' results, and people's decisions.

    Decisions are stored beside the result first; the node may have ended before they were in the queue, or `ichor view`
    may have stored them.
    """
    for analysis_id, name in queue.analyses.without_summary():
        if (found := read_result(results / name).findings) is not None:
            queue.analyses.summarize(analysis_id, summary_of(found))
    for file in sorted(results.glob(f"*/{DECISIONS}")):
        if not holds_results(file.parent):
            continue
        try:
            decided = read_decisions(file.parent).scan
        except (OSError, UnreadableInput):  # whoever opens the result is told
            continue
        queue.worklist.decided(file.parent.name, decided)
