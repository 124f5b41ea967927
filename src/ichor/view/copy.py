"""A result as one read-only HTML file of limited size that needs neither a server nor a network."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any

from ichor.atomic import reporting_disk_errors, write_whole
from ichor.serving.static import page_files
from ichor.view.bundle import SCRIPT, STYLESHEET, bundled_script, bundled_style
from ichor.view.copied_data import data_of
from ichor.view.opened import Opened

PAGE = Path(__file__).with_name("page")


def write_copy(
    opened: Opened, path: Path, prior: Opened | None = None, correction: dict[str, Any] | None = None
) -> list[str]:
    """Write the copy to `path` atomically, readable by its owner only; returns what it leaves out, in words.

    `prior` is a prior scan of the patient, `correction` is the result of `ichor.view.correction.described`.
    Raises OutputFailed if the file cannot be written, and IchorError if the scan alone is too large.
    """
    parts, left_out = data_of(opened, prior, correction)
    with reporting_disk_errors(path):
        write_whole(path, _page_of(parts), private=True)
    return left_out


def _page_of(parts: dict[str, str]) -> str:
    """The text of the file: the page with its data, each part in a script element that the policy does not run."""
    files = page_files(PAGE)
    page = files["index.html"].read_text(encoding="utf-8")
    style = bundled_style(files, page)
    found = SCRIPT.search(page)
    assert found is not None
    script = bundled_script(files, found["module"])
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    data = "".join(f'<script type="text/plain" id="ichor-{name}">{text}</script>\n' for name, text in parts.items())
    page = STYLESHEET.sub("", SCRIPT.sub("", page))
    head = f'<meta http-equiv="content-security-policy" content="{policy}">\n  <style>{style}</style>\n</head>'
    page = page.replace("</head>", head, 1)
    return page.replace("</body>", f"{data}<script>{script}</script>\n</body>", 1)


def _digest(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode()
