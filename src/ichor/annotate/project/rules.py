"""Who may see and change what: readers are blinded to each other until two have finished.

`states` gives the state of each reader of a scan, and of its consensus under that name; `people` gives the roles of the
account holders. These are plain functions, so that the server can call them for every request.
"""

from __future__ import annotations

from collections.abc import Mapping

from ichor.annotate.project.people import People, Role
from ichor.annotate.project.records import CONSENSUS, ScanState, State

States = Mapping[str, State]
NO_ACCOUNTS = People()


def done_readers(states: States) -> list[str]:
    """The readers who have finished, in the order of joining."""
    return [name for name, state in states.items() if name != CONSENSUS and state == "done"]


def may_see(reader: str, layer: str, states: States, people: People = NO_ACCOUNTS) -> bool:
    """Whether a person may see a layer.

    Readers always see their own layer; they see the others and the consensus once two readers, including themselves,
    have finished. Adjudicators see finished readings, and the consensus once two are finished. Admins see no layers.
    """
    done, role = done_readers(states), people.role(reader)
    if role is Role.ADMIN:
        return False
    if role is Role.READER:
        if layer == reader:
            return True
        if reader not in done:
            return False
    return len(done) > 1 if layer == CONSENSUS else layer in done


def why_not_change(reader: str, layer: str, states: States, people: People = NO_ACCOUNTS) -> str | None:
    """One line on why a person may not draw in a layer now, or None."""
    if (why_not := _why_not_work(reader, layer, states, people)) is not None:
        return why_not
    if states.get(layer) == "done":
        return "this layer is finished: reopen it to change it"
    return None


def why_not_set(reader: str, layer: str, states: States, people: People = NO_ACCOUNTS) -> str | None:
    """One line on why a person may not set the state of a layer now, or None.

    A reading stays closed once another one is finished, too, because its reader may have seen that one.
    """
    if (why_not := _why_not_work(reader, layer, states, people)) is not None:
        return why_not
    if layer == reader and reader in (done := done_readers(states)) and len(done) > 1:
        return "another reader has also finished, so this reading cannot be reopened: continue in the consensus"
    return None


def scan_state(states: States, agree: bool) -> ScanState:
    """The state of a scan for the worklist; `agree` is whether the readers who are done agree."""
    readers = [state for name, state in states.items() if name != CONSENSUS]
    done = len(done_readers(states))
    if states.get(CONSENSUS) == "done":
        return "done"
    if done > 1:
        return "done" if agree else "disagreement"
    if done and done == len(readers):
        return "done"
    return "new" if all(state == "new" for state in readers) else "in progress"


def _why_not_work(reader: str, layer: str, states: States, people: People) -> str | None:
    """One line on why this person may not work on a layer, whatever its state; or None."""
    if layer not in (reader, CONSENSUS):
        return "this layer belongs to another reader"
    if layer == reader and reader not in states:
        return "this scan is not assigned to you"
    if not may_see(reader, layer, states, people):
        return "the consensus opens when two readers have finished this scan"
    if layer == CONSENSUS and not people.settles(reader):
        return "an adjudicator settles the consensus of this project"
    return None
