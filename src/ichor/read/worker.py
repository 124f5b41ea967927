"""The reading process: handles requests, and ends when its parent does.

Started by `ichor.read.process`, with requests on its standard input (`ichor.read.conversation`) and replies on its
standard output (`ichor.read.wire`). Output and crashes of decoders stay in here.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import tempfile
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from ichor.death_signal import ask_for_death_signal
from ichor.errors import UnreadableInput
from ichor.interruption import SIGNALS
from ichor.read import content, progress, temporary, wire
from ichor.read.budget import budget_for, limit_memory, limit_process, size_of

GRACE_S = 5.0  # beyond the budget, after which the process ends itself if its parent has not ended it


def main() -> None:
    """Handle requests until standard input ends."""
    ask_for_death_signal("SIGCONT")  # a stopped process would not notice the end of its input
    requests, write = _take_pipes()
    for each in SIGNALS:  # Ctrl-C and hangups are handled by the parent, which then closes our input
        signal.signal(each, signal.SIG_IGN)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    limit_process()
    waiting: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    _import_what_all_need()
    while True:
        _answer(json.loads(waiting.get()), write)


def _take_pipes() -> tuple[int, wire.Write]:
    """Keep standard input and output for requests and replies, and redirect 0, 1 and 2 to the null device."""
    questions, answers, nowhere = os.dup(0), os.dup(1), os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return questions, lambda content: os.write(answers, content)


def _listen(requests: int, waiting: queue.Queue[bytes]) -> None:
    """Queue requests; when the pipe closes because the parent has ended, remove temporary files and exit."""
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            waiting.put(line)
    temporary.remove_open()
    os._exit(0)


def _import_what_all_need() -> None:
    """Import common modules in advance, while the parent is busy."""
    with suppress(Exception):  # a missing module is reported when it is needed
        import numpy  # noqa: F401

        import ichor.read.open
        import ichor.scan  # noqa: F401


def _answer(request: dict[str, Any], write: wire.Write) -> None:
    path = Path(request["path"])

    def tell(file: Path, one_of_several: bool) -> None:
        wire.send(write, {"decoding": str(file), "one_of_several": one_of_several})

    progress.listen(tell)
    progress.exclude(map(Path, request["excluded"]))
    wire.send(write, {"received": True})
    try:
        with suppress(OSError):
            os.chdir(request["folder"] or "/")
        tempfile.tempdir = request["temporary"]
        budget = budget_for(size_of(path))
        wire.send(write, {"budget": {"memory": budget.memory, "seconds": budget.seconds}})
        limit_memory(budget)
        _end_after(budget.seconds + GRACE_S)
        answer, *blobs = _read(request, path)
    except UnreadableInput as error:
        answer, blobs = {"unreadable": str(error), "code": error.code.value, "traceback": _traceback(error)}, []
    except BaseException as error:  # last resort: a panic in Rust is not an Exception
        answer, blobs = {"failed": type(error).__name__, "traceback": _traceback(error)}, []
    _end_after(0)
    wire.send(write, answer, *blobs)


def _read(request: dict[str, Any], path: Path) -> tuple[wire.Message, *tuple[memoryview, ...]]:
    from ichor.read.open import inspect_here, read_here

    options = content.options_from_json(request["options"])
    if request["do"] == "find":
        from ichor.read.find import scans_here

        out = None if request["out"] is None else Path(request["out"])
        return (content.scans_as_json(scans_here(path, out, options.series_uid)),)
    if request["do"] == "inspect":
        return ({"inspection": inspect_here(path, options).as_json()},)
    if request["do"] == "headers":
        from ichor.read.dicom.source import headers_here

        headers = headers_here(path, request["instance_uids"])
        return (
            {"headers": {uid: len(one) for uid, one in headers.items()}},
            *(memoryview(one) for one in headers.values()),
        )
    if request["do"] in ("patient", "patient_key", "acquisition"):
        return ({"patient": _of_header(request, path, options.files)},)
    scan = read_here(path, options)
    return {"scan": content.scan_as_json(scan)}, content.voxels_as_bytes(scan)


def _of_header(request: dict[str, Any], path: Path, files: tuple[str, ...]) -> dict[str, str | None]:
    """What the DICOM files at a path say of a patient, or of how a series was acquired."""
    from ichor.read.dicom.acquisition import acquisition_here
    from ichor.read.dicom.patient import patient_here, patient_key_here

    if request["do"] == "acquisition":
        return acquisition_here(path, files, request["series_uids"])
    if request["do"] == "patient_key":
        return patient_key_here(path, files, request["study_uid"], request["series_uids"], request["secret"])
    uids = request["study_uid"], request["series_uids"], request["instance_uids"]
    return patient_here(path, files, *uids)


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _end_after(seconds: float) -> None:
    """Have the system end this process after `seconds`; 0 for never. On Windows the parent does this."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
