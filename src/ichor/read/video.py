"""Two videos of one scan, in the brain and in the bone window, one frame per slice, as the paper's scans were exported.

Syngo saves the display as AVI: uncompressed, MJPEG or Microsoft Video 1, grayscale or gray stored as color.
Hssayeni et al. 2019, section 3, exported each scan twice, at level 40, width 120 and at level 700, width 3200. The
pair is combined to HU in the same way as the JPG pairs of ct-ich. The file names state the windows.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.imports import require_extra
from ichor.read import progress
from ichor.read.base import Inspection, ReadOptions, summarize
from ichor.read.bounds import MAX_PIXELS, MAX_SLICES, MAX_VOXELS, require, require_options
from ichor.read.ct_ich_jpg import combine
from ichor.scan import Scan, Source

SUFFIX = ".avi"
MAX_HEADER_BYTES = 2**16
WINDOWS = ("brain", "bone")
# How far compression separates the color channels of a gray pixel. Microsoft Video 1 has 5 bits a color: steps of 8.
GRAY_TOLERANCE, GRAY_TOLERANCE_5_BITS = 4, 20


def accepts(path: Path) -> bool:
    """Whether this is an AVI file, or a folder that contains some and no DICOM files with a usual name."""
    if path.is_file():
        return path.suffix.lower() == SUFFIX
    if not path.is_dir():
        return False
    names = [one.name.lower() for one in path.iterdir()]
    return bool(_videos(path)) and not any(name.endswith(".dcm") or name == "dicomdir" for name in names)


def read(path: Path, options: ReadOptions) -> Scan:
    """The scan in HU, float32 (n, rows, columns), from a folder with one pair of videos or from either file of a pair.

    `options.crop` pixels are cut off each frame. Raises UnreadableInput if a file of the pair is missing, damaged, in
    color or too large, if the two differ in the number or size of frames, if a stated size in mm is implausible, or if
    PyAV is not installed.
    """
    require_options(path, options)
    pair = find_pair(path)
    brain, bone = (_frames(file, options.crop) for file in (pair.brain, pair.bone))
    if len(brain) != len(bone):
        raise UnreadableInput(
            f"{pair.bone}: expected {len(brain)} frames, one per slice, as in {pair.brain.name}, found {len(bone)}"
        )
    if brain.shape != bone.shape:
        expected, found = (f"{one.shape[2]} x {one.shape[1]}" for one in (brain, bone))
        raise UnreadableInput(f"{pair.bone}: expected {expected} pixels as in {pair.brain.name}, found {found}")
    n = len(brain)
    warnings = [
        "Video has no slice positions: the first frame is taken as the lowest slice and the last as the highest, in "
        f"the radiological convention; {pair.brain.name} is read as level 40, width 120 HU and {pair.bone.name} as "
        "level 700, width 3200."
    ]
    if options.pixel_mm is None or options.slice_mm is None:
        warnings.append("Pixel size or slice distance is unknown: no volume in mL.")
    return require(
        Scan(
            voxels=np.stack([combine(*both) for both in zip(brain, bone, strict=True)]),
            source=Source("video", path),
            pixel_mm=None if options.pixel_mm is None else np.full((n, 2), options.pixel_mm, np.float64),
            positions_mm=None if options.slice_mm is None else np.outer(np.arange(n), [0, 0, options.slice_mm]),
            warnings=tuple(warnings),
        )
    )


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """The one series that the two videos make. Raises UnreadableInput as `read` does."""
    scan = read(path, options)
    return Inspection((summarize(scan, reason="the brain-window and the bone-window video"),), scan.warnings)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two videos of one scan."""

    brain: Path
    bone: Path


def find_pair(path: Path) -> Pair:
    """The pair in a folder, or the pair that a file belongs to. Raises UnreadableInput if it is incomplete.

    Names contain the word brain or bone; the names of a pair are equal apart from that word.
    """
    files = _videos(path if path.is_dir() else path.parent)
    named = {file: window for file in files if (window := _window(file))}
    if path.is_file():
        if path.name not in {file.name for file in named}:
            raise UnreadableInput(f"{path}: expected a name with brain or bone in it, found {path.name}")
        named = {file: window for file, window in named.items() if _rest(file) == _rest(path)}
        missing = next(iter({*WINDOWS} - {_window(path)}))
        wanted = f"the {missing}-window video with the same name in the same folder"
    else:
        wanted = "two videos, one with brain and one with bone in its name"
    if sorted(named.values()) != sorted(WINDOWS):
        found = ", ".join(file.name for file in (files if path.is_dir() else named)) or "none"
        hint = "; if there are several pairs, specify one file" if len(named) > 2 else ""
        raise UnreadableInput(f"{path}: expected {wanted}, found {found}{hint}")
    by_window = {window: file for file, window in named.items()}
    return Pair(*(by_window[window] for window in WINDOWS))


def _videos(folder: Path) -> list[Path]:
    """The folder's AVI files, without hidden ones."""
    files = (one for one in folder.iterdir() if one.suffix.lower() == SUFFIX and not one.name.startswith("."))
    return sorted(one for one in files if one.is_file())


def _window(file: Path) -> str | None:
    """The window that a file's name states; None if it states none, or both."""
    named = [window for window in WINDOWS if window in file.stem.lower()]
    return named[0] if len(named) == 1 else None


def _rest(file: Path) -> str:
    """A file's name without the word for its window."""
    name = file.stem.lower()
    for window in WINDOWS:
        name = name.replace(window, "")
    return name


def _frames(file: Path, crop: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Gray frames (n, rows, columns) of a video, without `crop`. Raises UnreadableInput if it is damaged."""
    require_extra("video", "av", used_by=f"{file}: video", error=UnreadableInput)
    import av

    frames: list[NDArray[np.uint8]] = []
    try:
        with av.open(str(file), format="avi") as container:
            if not container.streams.video:
                raise UnreadableInput(f"{file}: expected a video, found none in it")
            stream = container.streams.video[0]
            context: Any = stream.codec_context  # None, despite PyAV's types, if there is no decoder
            if context is None:
                raise UnreadableInput(f"{file}: expected video that FFmpeg decodes, found an unknown codec")
            _require_size(file, context.width, context.height, max(stream.frames, 1))
            context.options = {"err_detect": "explode"}  # reject damaged frames
            stated = _stated_size(file) or (context.width, context.height)
            progress.decoding(file)
            for frame in container.decode(stream):
                if (frame.width, frame.height) != stated:
                    raise UnreadableInput(
                        f"{file}: expected frames of {stated[0]} x {stated[1]} pixels as its header says, found "
                        f"{frame.width} x {frame.height} in frame {len(frames) + 1}"
                    )
                # The header may state fewer.
                _require_size(file, frame.width, frame.height, len(frames) + 1)
                frames.append(_gray(file, len(frames) + 1, frame, crop))
            declared = stream.frames
    except (av.FFmpegError, ValueError) as error:
        why = " ".join(str(getattr(error, "strerror", None) or error).split())
        where = f"after {len(frames)} frames" if frames else "before the first frame"
        raise UnreadableInput(
            f"{file}: expected a whole AVI video, found a damaged or other file ({where}: {why})"
        ) from error
    if not frames or len(frames) < declared:
        raise UnreadableInput(f"{file}: expected {declared or 'some'} frames as its header says, found {len(frames)}")
    if any(one.shape != frames[0].shape for one in frames):
        raise UnreadableInput(f"{file}: expected frames of one size, found several")
    return np.stack(frames)


def _stated_size(file: Path) -> tuple[int, int] | None:
    """Width and height of the frames according to the file's header; FFmpeg takes them from the frames themselves.

    The stream header (strh) states that it is video; its format (strf) begins with a Windows BITMAPINFOHEADER, in which
    a negative height means that rows are stored from top to bottom. None if they are not found.
    """
    with file.open("rb") as opened:
        start = opened.read(MAX_HEADER_BYTES)
    stream = start.find(b"vids")
    form = start.find(b"strf", stream) + 8  # past the chunk's name and length
    if stream < 0 or form < 8 or len(start) < form + 12:
        return None
    width, height = struct.unpack_from("<2i", start, form + 4)
    return abs(width), abs(height)


def _require_size(file: Path, width: int, height: int, n: int) -> None:
    if width * height > MAX_PIXELS or width * height * n > MAX_VOXELS or n > MAX_SLICES:
        raise UnreadableInput(
            f"{file}: expected at most {MAX_SLICES} frames, {MAX_PIXELS} pixels per frame and {MAX_VOXELS} in all, "
            f"found {n} of {width} x {height}"
        )


def _gray(file: Path, number: int, frame: Any, crop: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """One frame as gray, cropped. Raises UnreadableInput if it is in color or nothing is left of it."""
    top, right, bottom, left = crop
    if top + bottom >= frame.height or left + right >= frame.width:
        raise UnreadableInput(
            f"{file}: expected a crop that leaves some of {frame.width} x {frame.height} pixels, found "
            f"{top} from the top, {right} from the right, {bottom} from the bottom and {left} from the left"
        )
    colors = frame.to_ndarray(format="rgb24")[top : frame.height - bottom, left : frame.width - right]
    lowest, highest = colors.min(axis=2), colors.max(axis=2)
    spread = int((highest - lowest).max())
    if spread > (GRAY_TOLERANCE_5_BITS if "555" in frame.format.name else GRAY_TOLERANCE):
        raise UnreadableInput(
            f"{file}: expected gray, found color in frame {number}: channels differ by up to {spread} of 255; "
            "crop borders that contain colored text"
        )
    gray: NDArray[np.uint8] = np.rint(colors.mean(axis=2, dtype=np.float32)).astype(np.uint8)
    return gray
