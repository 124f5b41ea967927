"""A result as one HTML file that needs neither server nor network, and that is read-only."""

from __future__ import annotations

import base64
import json
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import reporting_disk_errors, write_whole
from ichor.serving.static import page_files
from ichor.view.bundle import SCRIPT, STYLESHEET, bundled_script, bundled_style
from ichor.view.decisions import read_decisions
from ichor.view.measures import measures
from ichor.view.opened import Opened
from ichor.view.summaries import details

PAGE = Path(__file__).with_name("page")
# HU beyond these are all alike in the brain, stroke and subdural windows.
LOWEST_HU, HIGHEST_HU = -200, 300
BEST = 9


def write_copy(opened: Opened, path: Path) -> None:
    """Write the copy to `path`, private, in one step. Raises OutputFailed where the disk refuses it."""
    with reporting_disk_errors(path):
        write_whole(path, copy_of(opened), private=True)


def copy_of(opened: Opened) -> str:
    """The text of the file: the page with its data, compressed. HU are clipped to LOWEST_HU and HIGHEST_HU."""
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
    data = "".join(_data(name, text) for name, text in _parts(opened).items())
    page = STYLESHEET.sub("", SCRIPT.sub("", page))
    head = f'<meta http-equiv="content-security-policy" content="{policy}">\n  <style>{style}</style>\n</head>'
    page = page.replace("</head>", head, 1)
    return page.replace("</body>", f"{data}<script>{script}</script>\n</body>", 1)


def _parts(opened: Opened) -> dict[str, str]:
    """What `copied.js` reads, by name."""
    listed = opened.listed
    result = {**details(0, listed), "decisions": read_decisions(listed.folder).model_dump(mode="json")}
    # Anything wider shows no more than the clipped HU.
    result["windows"] = [one for one in result["windows"] if one["level"] + one["width"] / 2 <= HIGHEST_HU]
    scan: dict[str, Any] = {
        **opened.geometry(),
        "has_mask": opened.labels is not None,
        "has_probability": False,
    }
    parts = {"result": _json(result), "scan": _json(scan), "measures": _json(measures(opened))}
    parts["hu"] = _voxels(opened.hu(LOWEST_HU, HIGHEST_HU))
    if opened.labels is not None and opened.lesion_of is not None:
        parts |= {"labels": _voxels(opened.labels), "lesions": _voxels(opened.lesion_of)}
    return parts


def _voxels(values: NDArray[Any]) -> str:
    """Differences of neighbouring voxels, in the order of the array, compressed."""
    flat = values.ravel()
    steps = np.diff(flat, prepend=np.zeros(1, flat.dtype))  # modulo the type's range, as the page adds them up
    return base64.b64encode(zlib.compress(steps.tobytes(), BEST)).decode()


def _json(values: Any) -> str:
    # Within a script element nothing ends it but this.
    return json.dumps(values).replace("<", "\\u003c")


def _data(name: str, text: str) -> str:
    return f'<script type="text/plain" id="ichor-{name}">{text}</script>\n'


def _digest(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode()
