"""A made project and browsers of its readers, for the tests of the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from ichor.annotate.project import Project, open_project
from ichor.annotate.project.runs import encode
from ichor.annotate.server.app import create_app
from ichor.annotate.server.context import Context
from ichor.scan import Scan
from ichor.serving.address import loopback
from ichor.serving.session import Sessions
from synthetic_scans import synthetic_head

PORT = 8765
HOME = f"http://127.0.0.1:{PORT}"
SIZE = 32
READERS = ("ann", "bea")
SCANS = "/api/scans"


class Browser:
    """One reader's browser, of someone without a link where there is no reader."""

    def __init__(self, app: ASGIApp, context: Context, reader: str | None, *, home: str = HOME) -> None:
        self.app, self.context, self.reader = app, context, reader
        self.client = TestClient(app, base_url=home, headers={"origin": home}, raise_server_exceptions=False)
        if reader is not None:
            assert self.enter(self.new_token()).status_code == 303

    def another(self, *, stranger: bool = False, home: str = HOME) -> Browser:
        """A fresh browser of the same reader, or of someone without a link."""
        return Browser(self.app, self.context, None if stranger else self.reader, home=home)

    def new_token(self) -> str:
        """The token of a new link for the reader."""
        reader = self.reader or READERS[0]
        return self.context.sessions.new_tokens([reader])[reader]

    def enter(self, token: str) -> Any:
        """Open a link; what the browser asks from now on, it asks as the page that the link leads to."""
        answer = self.client.get("/enter", params={"token": token}, follow_redirects=False)
        if answer.status_code == 303:
            self.client.headers["ichor-reader"] = answer.headers["location"].removeprefix("/?reader=")
        return answer

    def get(self, path: str, status: int = 200, **more: Any) -> Any:
        return self._answer(self.client.get(path, **more), status)

    def put(self, path: str, body: Any, status: int = 200, **more: Any) -> Any:
        return self._answer(self.client.put(path, json=body, **more), status)

    def post(self, path: str, body: Any = None, status: int = 200, **more: Any) -> Any:
        return self._answer(self.client.post(path, json={} if body is None else body, **more), status)

    def draw(self, layer: str, k: int, *labels: int, base: int = 0, status: int = 200, **more: Any) -> Any:
        body = {"base_revision": base, "runs": drawn(*labels), "seconds": 1.5, **more}
        return self.put(f"{SCANS}/1/layers/{layer}/slices/{k}", body, status)

    def say(self, layer: str, where: object, labels: Any, base: int = 0, status: int = 200) -> Any:
        return self.put(f"{SCANS}/1/layers/{layer}/labels/{where}", {"base_revision": base, "labels": labels}, status)

    def set(self, state: str, layer: str = "mine", status: int = 200, scan: int = 1) -> Any:
        """Set a state; whatever is open is confirmed, where nothing else is expected."""
        path, body = f"{SCANS}/{scan}/state", {"state": state, "layer": layer, "base": self.base(layer, scan)}
        answer = self.client.post(path, json=body)
        if status == 200 and answer.status_code == 409 and "open" in answer.json():
            answer = self.client.post(path, json={**body, "confirmed": answer.json()["open"]})
        return self._answer(answer, status)

    def look(self, *slices: int, layer: str = "mine") -> None:
        """Look at slices of the first scan, at all four where none is named."""
        self.post(f"{SCANS}/1/looks", {"slices": list(slices or range(4)), "layer": layer})

    def take(self, choice: str, slices: list[int] | None = None, status: int = 200, **more: Any) -> Any:
        body = {"choice": choice, "slices": slices, "base": self.base("consensus"), **more}
        return self.post(f"{SCANS}/1/consensus/take", body, status)

    def base(self, layer: str = "mine", scan: int = 1) -> Any:
        """The revisions that a page would have that was loaded now; none of a layer that is hidden."""
        answer = self.client.get(f"{SCANS}/{scan}/layers/{layer}")
        if answer.status_code != 200:
            return {}
        found = answer.json()
        labels = {**found["labels"]["slices"], "scan": found["labels"]["scan"]}
        return {
            "slices": found["revision_of"],
            "labels": {key: one["revision"] for key, one in labels.items() if one["revision"]},
        }

    def voxels(self, scan: str, slices: Iterable[int]) -> NDArray[np.int16]:
        """(n, rows, columns) HU of slices of a scan, whose path is given, as the page reads them."""
        rows, columns = self.get(scan)["shape"][1:]
        content = self.get(f"{scan}/voxels", params={"k": list(slices)}).content
        return decoded(content, rows, columns)

    @staticmethod
    def _answer(response: Any, status: int) -> Any:
        assert response.status_code == status, (response.status_code, response.text[:500])
        if "json" not in response.headers.get("content-type", ""):
            return response
        answer = response.json()
        if status >= 400:
            assert isinstance(answer["error"], str) and "\n" not in answer["error"]
        return answer


def decoded(content: bytes, rows: int, columns: int) -> NDArray[np.int16]:
    """(n, rows, columns) HU of the bytes of slices: low bytes, then high bytes, of zigzag differences."""
    low, high = np.frombuffer(content, np.uint8).reshape(-1, 2, rows * columns).astype(np.int64).swapaxes(0, 1)
    zigzag = low + 256 * high
    steps = np.where(zigzag % 2, -(zigzag + 1) // 2, zigzag // 2)
    return np.cumsum(steps, axis=1).astype(np.int16).reshape(-1, rows, columns)


def drawn(*labels: int, at: int = 5) -> list[int]:
    """The runs of a 32 x 32 slice with a block of each label."""
    label_map = np.zeros((SIZE, SIZE), np.uint8)
    for place, label in enumerate(labels):
        label_map[at + 6 * place : at + 6 * place + 4, 4:15] = label
    return encode(label_map)


@contextmanager
def served(folder: Path, *scans: Scan, readers: tuple[str, ...] = READERS) -> Iterator[tuple[Project, list[Browser]]]:
    """A project with the scans (one of 4 slices where none is given) and a browser for each reader."""
    with open_project(folder, create=True) as project:
        for number, scan in enumerate(scans or (synthetic_head(n=4, size=SIZE),), 1):
            project.add_scan(scan, f"{number:03}", f"scan {number}")
        for reader in readers:
            project.add_reader(reader)
        context = Context.of(project, Sessions(PORT))
        app = create_app(context, loopback(PORT))
        try:
            yield project, [Browser(app, context, reader) for reader in readers]
        finally:
            context.close()
