"""Made AVI files, encoded by FFmpeg: a scan's slices in a gray window, one frame a slice."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ichor.windows import BONE, BRAIN, GrayWindow

# The pixel format that each codec stores, and how far it may move a gray value of the made heads.
CODECS = {
    "rawvideo gray": ("rawvideo", "gray", 0),
    "rawvideo RGB": ("rawvideo", "bgr24", 0),
    "mjpeg": ("mjpeg", "yuvj420p", 24),
    "mjpeg RGB": ("mjpeg", "yuvj444p", 24),
    "msvideo1": ("msvideo1", "rgb555le", 60),
}


def write_video(file: Path, frames: NDArray[np.uint8], codec: str = "rawvideo gray") -> Path:
    """Write (n, rows, columns) gray, or (n, rows, columns, 3) colour, as an AVI file."""
    name, pixel_format, _ = CODECS[codec]
    with av.open(str(file), "w", format="avi") as container:
        stream = container.add_stream(name, rate=1, options={"qmin": "1", "qmax": "1"} if name == "mjpeg" else {})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixel_format
        for one in frames:
            colours = np.repeat(one[..., None], 3, axis=2) if one.ndim == 2 else one
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(colours), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return file


def in_window(hu: NDArray[np.generic], window: GrayWindow) -> NDArray[np.uint8]:
    """HU as a screen shows them, 8 bits."""
    return np.rint(window.gray(hu)).astype(np.uint8)


def write_pair(folder: Path, hu: NDArray[np.generic], codec: str = "rawvideo gray") -> Path:
    """A scan's slices (n, rows, columns) as head_brain.avi and head_bone.avi in `folder`, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, window in (("brain", BRAIN), ("bone", BONE)):
        write_video(folder / f"head_{name}.avi", in_window(hu, window), codec)
    return folder
