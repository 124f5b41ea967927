"""Content that makes decoders panic, abort or swell: one line, and nothing of it reaches whoever asked."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.encaps import encapsulate, get_frame

from ichor.errors import UnreadableInput
from ichor.read import open_scan
from phantom import head
from synthetic_dicom import ct_slices, hu_of_head, save, synthetic_series, transcoded
from synthetic_video import write_pair

HU = hu_of_head()
NAMES = [f"{k}.dcm" for k in range(len(HU))]


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableInput) as refused:
        open_scan(path)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(str(path))
    return line.removeprefix(f"{path}: ")


def with_frame(folder: Path, change: Any, *, syntax: str = "1.2.840.10008.1.2.5", only: int | None = None) -> Path:
    """A compressed series of which the frames, or one, are changed."""
    slices = ct_slices()
    for k, one in enumerate(slices):
        one.compress(syntax)
        if only in (None, k):
            frame = bytearray(get_frame(one.PixelData, 0, number_of_frames=1))
            one.PixelData = encapsulate([bytes(change(frame))])
    return save(slices, folder, names=NAMES)


def test_rle_that_makes_the_decoder_panic_leaves_one_slice_out(tmp_path: Path) -> None:
    """It is written in Rust, and its panic is no Exception of Python's."""

    def change(frame: bytearray) -> bytearray:
        frame[64:] = b"\x7f" * (len(frame) - 64)  # runs that end beyond the segment
        return frame

    scan = open_scan(with_frame(tmp_path, change, only=7))
    np.testing.assert_array_equal(scan.voxels, HU[:7])
    assert scan.warnings == ("7.dcm: RLE Lossless pixel data could not be decoded; slice left out.",)


@pytest.mark.parametrize("offset", [0, 63, 2**31, 2**32 - 1])
@pytest.mark.parametrize("planes", [0, 2, 16, 2**32 - 1])
def test_rle_whose_header_makes_no_sense(tmp_path: Path, offset: int, planes: int) -> None:
    def change(frame: bytearray) -> bytearray:
        frame[:8] = struct.pack("<2I", planes, offset)
        return frame

    assert "RLE Lossless pixel data could not be decoded" in refusal_of_all(with_frame(tmp_path, change))


def refusal_of_all(folder: Path) -> str:
    with pytest.raises(UnreadableInput) as refused:
        open_scan(folder)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "marker"),
    [
        ("JPEGLSLossless", b"\xff\xf7"),
        ("JPEGLosslessProcess14_1", b"\xff\xc3"),
        ("JPEGExtendedProcess2_4", b"\xff\xc1"),
        ("JPEG2000Lossless", b"\xff\x51"),
    ],
)
@pytest.mark.parametrize("what", ["bits", "rows", "columns", "samples"])
def test_a_frame_that_disagrees_with_the_header(tmp_path: Path, name: str, marker: bytes, what: str) -> None:
    """GDCM aborts on some of these."""
    folder = transcoded(ct_slices(), tmp_path / "packed", name)
    places = {"bits": 4, "rows": 5, "columns": 7, "samples": 9}
    if name == "JPEG2000Lossless":
        places = {"bits": 40, "rows": 10, "columns": 6, "samples": 38}
    for file in folder.iterdir():
        content = bytearray(file.read_bytes())
        at = content.rindex(marker) + places[what]
        size = {"bits": 1, "samples": 2 if "2000" in name else 1}.get(what, 4 if "2000" in name else 2)
        value = int.from_bytes(content[at : at + size], "big")
        content[at : at + size] = (40 if what == "bits" else 3 * value).to_bytes(size, "big")
        file.write_bytes(content)
    line = refusal_of_all(folder)
    assert "expected" in line and "found" in line and "in the JPEG" in line


def test_an_avi_of_a_codec_that_nobody_knows(tmp_path: Path) -> None:
    pair = write_pair(tmp_path / "pair", head(6, 64, 48), "mjpeg")
    for file in pair.iterdir():
        file.write_bytes(file.read_bytes().replace(b"MJPG", b"QQQQ"))
    line = refusal_of_all(pair)
    assert "expected video that FFmpeg decodes, found an unknown codec" in line


def test_frames_of_another_size_than_the_videos(tmp_path: Path) -> None:
    pair = write_pair(tmp_path / "pair", head(6, 64, 48), "mjpeg")
    larger = write_pair(tmp_path / "larger", head(6, 96, 96), "mjpeg")
    for file in pair.iterdir():
        content = bytearray((larger / file.name).read_bytes())
        at = content.index(b"strf") + 12
        content[at : at + 8] = struct.pack("<2i", 48, 64)
        at = content.index(b"avih") + 40
        content[at : at + 8] = struct.pack("<2i", 48, 64)
        file.write_bytes(content)
    line = refusal_of_all(pair)
    assert "expected frames of 48 x 64 pixels as its header says, found 96 x 96 in frame 1" in line


def test_a_bomb_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for k in range(4):
            packed.writestr(f"{k}.dcm", bytes(30 * 2**20))
    most = 64 * 2**20 + 200 * path.stat().st_size
    assert refusal(path) == f"expected at most {most:,} bytes unpacked, found {4 * 30 * 2**20:,}"


def test_a_deflated_dataset_that_swells(tmp_path: Path) -> None:
    import zlib

    slices = ct_slices()
    for one in slices:
        one.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    folder = save(slices, tmp_path, names=NAMES)
    content = (folder / "0.dcm").read_bytes()
    start = 144 + int.from_bytes(content[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    swollen = b"".join(packer.compress(bytes(2**24)) for _ in range(16)) + packer.flush()
    for name in NAMES:
        (folder / name).write_bytes(content[:start] + swollen)
    assert "bytes when inflated, found more" in refusal_of_all(folder)


def test_unexpected_errors_are_reported_in_one_line_without_quoting_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ichor.read import ReadOptions, dicom
    from ichor.read.open import inspect_here, read_here

    def stumble(path: Path, options: ReadOptions) -> None:
        raise AttributeError("Doe^Secret")

    monkeypatch.setattr(dicom, "read", stumble)
    monkeypatch.setattr(dicom, "inspect", stumble)
    folder = synthetic_series(tmp_path)
    for ask in (read_here, inspect_here):
        with pytest.raises(UnreadableInput, match="does not expect") as refused:
            ask(folder, ReadOptions())
        assert "Secret" not in str(refused.value) and "AttributeError in test_hostile_content.py" in str(refused.value)
        assert isinstance(refused.value.__cause__, AttributeError)
