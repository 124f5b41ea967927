"""Pictures inside of a page, as data URIs, so that the page stands alone."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from ichor.errors import UnreadableInput

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

WIDEST_PX = 1600
LARGE_BYTES = 60_000
WEBP_QUALITY = 82


def data_uri(file: Path) -> str:
    """A picture as a data URI; a large one is scaled down and written as WebP, which every browser of today reads.

    Raises UnreadableInput where the file is no picture.
    """
    from PIL import Image

    content, kind = file.read_bytes(), "png"
    try:
        with Image.open(file) as image:
            image.load()
            if image.format != "PNG" or len(content) > LARGE_BYTES:
                content, kind = _webp(image.convert("RGB")), "webp"
    except (OSError, SyntaxError) as error:
        raise UnreadableInput(f"{file}: expected a picture, found {error}") from error
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _webp(image: Picture) -> bytes:
    image.thumbnail((WIDEST_PX, 4 * WIDEST_PX))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=WEBP_QUALITY, method=6)
    return buffer.getvalue()
