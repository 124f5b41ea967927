"""Who may see and change what: readers are blinded to each other until both have finished.

`states` gives the state of each reader, and of the consensus under its own name, for one scan. Plain functions, so that
the server can ask them at every door.
"""

from __future__ import annotations

from collections.abc import Mapping

from ichor.annotate.project.records import CONSENSUS, ScanState, State

States = Mapping[str, State]


def done_readers(states: States) -> list[str]:
    """The readers who have finished, in the order in which they joined."""
    return [name for name, state in states.items() if name != CONSENSUS and state == "done"]


def may_see(reader: str, layer: str, states: States) -> bool:
    """Whether a reader may see a layer: always their own, others and the consensus once both readers have finished."""
    if layer == reader:
        return True
    done = done_readers(states)
    if reader not in done:
        return False
    return len(done) > 1 if layer == CONSENSUS else layer in done


def why_not_change(reader: str, layer: str, states: States) -> str | None:
    """One line on why a reader may not draw in a layer now, or None."""
    if layer not in (reader, CONSENSUS):
        return "this layer is another reader's"
    if not may_see(reader, layer, states):
        return "the consensus opens when two readers have finished this scan"
    if states.get(layer) == "done":
        return "this layer is finished: reopen it to change it"
    return None


def why_not_set(reader: str, layer: str, states: States) -> str | None:
    """One line on why a reader may not set the state of a layer now, or None.

    A reading stays closed once another is done too: its reader may have seen that one.
    """
    if layer not in (reader, CONSENSUS):
        return "this layer is another reader's"
    if not may_see(reader, layer, states):
        return "the consensus opens when two readers have finished this scan"
    if layer == reader and reader in (done := done_readers(states)) and len(done) > 1:
        return "another reader has finished too, so this reading cannot be reopened: continue in the consensus"
    return None


def scan_state(states: States, agree: bool) -> ScanState:
    """The state of a scan for the worklist; `agree` says whether the readers who are done said the same."""
    readers = [state for name, state in states.items() if name != CONSENSUS]
    done = len(done_readers(states))
    if states.get(CONSENSUS) == "done":
        return "done"
    if done > 1:
        return "done" if agree else "disagreement"
    if done and done == len(readers):
        return "done"
    return "new" if all(state == "new" for state in readers) else "in progress"
