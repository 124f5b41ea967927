"""Destinations that refuse, fall silent or lie: an object counts as delivered only if it was confirmed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from ichor.errors import IchorError, UnreadableInput
from ichor.node.config import DimseDestination, WebDestination
from ichor.node.network.objects import objects_of
from ichor.node.network.store_scu import StoreScu
from ichor.node.network.stow import Stow
from node_parts import Pacs
from synthetic_dicom import ct_slices, save


def store_scu(pacs: Pacs) -> StoreScu:
    return StoreScu("ICHOR", DimseDestination(kind="c-store", ae_title="PACS", host="127.0.0.1", port=pacs.port))


def test_a_warning_counts_as_stored_and_a_failure_does_not() -> None:
    with Pacs() as pacs:
        for status in (0, 0xB000, 0xB007):
            pacs.status = status
            store_scu(pacs).send(ct_slices()[:1])
        for status in (0xA700, 0xA900, 0xC000, 0x0122):
            pacs.status = status
            with pytest.raises(IchorError, match=f"found status 0x{status:04X}"):
                store_scu(pacs).send(ct_slices()[:1])


def test_a_class_that_is_not_accepted_is_reported() -> None:
    mr_image = "1.2.840.10008.5.1.4.1.1.4"
    with Pacs(sop_class=mr_image) as pacs, pytest.raises(IchorError, match="expected an association, found"):
        store_scu(pacs).send(ct_slices()[:1])


def test_an_answer_that_never_comes_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ichor.node.network.store_scu.TIMEOUT_S", 0.5)
    silence = threading.Event()

    class Silent(Pacs):
        def _store(self, event: object) -> int:
            silence.wait(30)
            return 0

    with Silent() as pacs:
        with pytest.raises(IchorError, match="expected a response, found none"):
            store_scu(pacs).send(ct_slices()[:1])
        silence.set()


@contextmanager
def web_server(status: int, body: bytes, kind: str = "application/dicom+json") -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"{}"),
        (200, b"not an answer"),
        (200, b""),
        (204, b""),
        (302, b""),
        (409, b"{}"),
        (503, b""),
    ],
)
def test_an_answer_that_confirms_nothing_is_reported(status: int, body: bytes) -> None:
    with web_server(status, body) as url, pytest.raises(IchorError, match="expected"):
        Stow(WebDestination(kind="stow-rs", url=url)).send(ct_slices()[:1])


def test_an_answer_that_confirms_another_object_is_reported() -> None:
    one, other = Dataset(), Dataset()
    other.ReferencedSOPClassUID, other.ReferencedSOPInstanceUID = "1.2", "1.2.3"
    one.ReferencedSOPSequence = [other]
    with web_server(200, one.to_json().encode()) as url, pytest.raises(IchorError, match="found 1 that are not"):
        Stow(WebDestination(kind="stow-rs", url=url)).send(ct_slices()[:1])


def test_the_objects_of_a_result_are_sent_and_nothing_else(tmp_path: Path) -> None:
    one = ct_slices()[0]
    one.SeriesDescription = "A description of sixty-four characters, which is all LO may hold"
    save([one], tmp_path / "result", names=["one.dcm"])
    (tmp_path / "result" / "findings.json").write_text("{}")
    (plain,) = objects_of(tmp_path / "result", replaces=None)
    (marked,) = objects_of(tmp_path / "result", replaces=tmp_path / "deleted")
    assert plain.SeriesDescription == one.SeriesDescription
    assert marked.SeriesDescription.endswith("; replaces earlier") and len(marked.SeriesDescription) == 64
    assert marked.SOPInstanceUID == plain.SOPInstanceUID
    with pytest.raises(UnreadableInput, match="expected a result"):
        objects_of(tmp_path / "gone", replaces=None)
