"""Embeds pictures in a page as data URIs, so that the page is self-contained."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ichor.errors import UnreadableInput

if TYPE_CHECKING:
    from PIL.Image import Image

WIDEST_PX = 1600
LARGE_BYTES = 60_000
WEBP_QUALITY = 82


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """An embedded picture: its data URI, and its size in pixels before it was scaled down."""

    source: str
    width: int
    height: int


def inline_picture(file: Path) -> InlinePicture:
    """A picture as a data URI; large ones are scaled down and converted to WebP, which all current browsers support.

    Raises UnreadableInput if the file is not a picture.
    """
    from PIL import Image

    try:
        content, kind = file.read_bytes(), "png"
        with Image.open(file) as image:
            image.load()
            width, height = image.size
            if image.format != "PNG" or len(content) > LARGE_BYTES:
                content, kind = _webp(image.convert("RGB")), "webp"
    except (OSError, SyntaxError) as error:
        raise UnreadableInput(f"{file}: expected a picture, found {error}") from error
    return InlinePicture(f"data:image/{kind};base64,{base64.b64encode(content).decode()}", width, height)


def inline_png(content: bytes) -> InlinePicture:
    """A PNG as a data URI, unchanged."""
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
    return InlinePicture(f"data:image/png;base64,{base64.b64encode(content).decode()}", width, height)


def _webp(image: Image) -> bytes:
    image.thumbnail((WIDEST_PX, 4 * WIDEST_PX))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=WEBP_QUALITY, method=6)
    return buffer.getvalue()
