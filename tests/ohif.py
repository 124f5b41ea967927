"""OHIF, the viewer of many hospitals, as its npm package `@ohif/app` ships it built, beside a PACS's DICOMweb.

A test asks for `ohif_of(orthanc)`, which serves both from one origin on loopback, as a hospital's reverse proxy does.
"""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from orthanc import Orthanc
from paths import OHIF

# What OHIF needs for memory that its workers share.
ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


@contextmanager
def ohif_of(orthanc: Orthanc) -> Iterator[str]:
    """The address of OHIF, showing what is on the server."""
    handler = partial(_Handler, orthanc.web)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _config(origin: str) -> str:
    root = f"{origin}/dicom-web"
    configuration: dict[str, Any] = {
        "friendlyName": "Orthanc",
        "name": "orthanc",
        "wadoUriRoot": root,
        "qidoRoot": root,
        "wadoRoot": root,
        "qidoSupportsIncludeField": False,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "enableStudyLazyLoad": True,
        "supportsFuzzyMatching": False,
        "supportsWildcard": True,
        "omitQuotationForMultipartRequest": True,
        "bulkDataURI": {"enabled": True},
    }
    source = {
        "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
        "sourceName": "orthanc",
        "configuration": configuration,
    }
    config = {
        "routerBasename": None,
        "extensions": [],
        "modes": [],
        "customizationService": {},
        "showStudyList": True,
        "maxNumberOfWebWorkers": 2,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": False,
        "defaultDataSourceName": "orthanc",
        "dataSources": [source],
    }
    return f"window.config = {json.dumps(config)};"


class _Handler(BaseHTTPRequestHandler):
    """Files of the viewer, and DICOMweb passed on."""

    protocol_version = "HTTP/1.1"

    def __init__(self, web: httpx.Client, *args: Any) -> None:
        self._web = web
        super().__init__(*args)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/dicom-web/"):
            kept = {name: self.headers[name] for name in ("Accept", "Host") if name in self.headers}
            got = self._web.get(self.path, headers=kept)
            self._answer(got.status_code, got.headers.get("content-type", "application/octet-stream"), got.content)
        elif path == "/app-config.js":
            config = _config(f"http://{self.headers['Host']}")
            self._answer(200, "text/javascript", config.encode())
        else:
            file = OHIF / path.lstrip("/")
            file = file if file.is_file() else OHIF / "index.html"  # the page itself finds what to show there
            self._answer(200, mimetypes.guess_type(file.name)[0] or "application/octet-stream", file.read_bytes())

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **ISOLATED}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""
