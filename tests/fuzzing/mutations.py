"""Ways to damage an input: its header, its lengths, its compressed content, or how it is put together.

Each takes the bytes of a file (or a folder) and a random generator; the same generator gives the same damage.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.random import Generator
from pydicom.encaps import encapsulate

from fuzzing.damage import all_of, anywhere, length, near_start, one_of
from fuzzing.damage_headers import NUMBERS, TEXTS, WHOLE, tar_header, text_header, zip_header, zip_structure
from ichor.imports import nibabel
from ichor.read.dicom.parsing import parse, quietly
from ichor.read.paired_files import files_of

KINDS = ("header", "length", "codestream", "structure")
TAGS = (
    *("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel"),
    *("NumberOfFrames", "PixelSpacing", "SliceThickness", "ImagePositionPatient", "ImageOrientationPatient"),
    *("RescaleSlope", "RescaleIntercept", "PhotometricInterpretation", "SOPClassUID", "SOPInstanceUID", "Modality"),
    *("SeriesInstanceUID", "InstanceNumber", "AcquisitionNumber", "ImageType", "PixelPaddingValue", "RescaleType"),
    *("PlanarConfiguration", "ConvolutionKernel", "WindowWidth", "TransferSyntaxUID", "SpecificCharacterSet"),
)
SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2", "1.2.3")
SYNTAXES += ("1.2.840.10008.1.2.5", *(f"1.2.840.10008.1.2.4.{k}" for k in (50, 51, 57, 70, 80, 81, 90, 91, 100, 201)))


def mutate(path: Path, reader: str, kind: str, random: Generator) -> None:
    """Damage the input at `path`, a file or a folder, in that way."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else _siblings(path, reader)
    if not files:  # the damage before took them all
        return
    if kind == "structure" and (len(files) > 1 or random.random() < 0.3):
        _shuffle(files, random)
        return
    chosen = files if random.random() < 0.25 else [files[int(random.integers(len(files)))]]
    seed = int(random.integers(2**32))
    for file in chosen:  # all of them alike
        content = _damaged(file.read_bytes(), reader, kind, np.random.default_rng(seed))
        file.write_bytes(content)


def _siblings(path: Path, reader: str) -> list[Path]:
    return sorted(path.parent.iterdir()) if reader == "video" else list(files_of(path))


def _damaged(content: bytes, reader: str, kind: str, random: Generator) -> bytes:
    special: dict[tuple[str, str], Callable[[bytes, Generator], bytes]] = {
        ("dicom", "header"): _dicom_header,
        ("dicom", "codestream"): _dicom_codestream,
        ("dicom", "structure"): _dicom_structure,
        ("dicom", "length"): _dicom_length,
        ("nifti", "header"): _nifti_header,
        ("nifti", "structure"): _nifti_structure,
        ("nrrd", "header"): text_header,
        ("metaimage", "header"): text_header,
        ("archive", "header"): tar_header if b"ustar" in content[:300] else zip_header,
        ("archive", "structure"): zip_structure,
    }
    try:
        with quietly():
            damage = special.get((reader, kind), {"header": near_start, "length": length}.get(kind, anywhere))
            return damage(content, random)
    except MemoryError:
        raise
    except Exception:  # pydicom does not write everything that can be damaged
        return anywhere(content, random)


def _dicom_header(content: bytes, random: Generator) -> bytes:
    dataset = parse(content, with_pixels=True)
    for _ in range(int(random.integers(1, 3))):
        places = [dataset, *_items(dataset)]
        place, keyword = one_of(places, random), one_of(TAGS, random)
        if keyword == "TransferSyntaxUID":
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(one_of(SYNTAXES, random))
        elif random.random() < 0.15 and keyword in place:
            del place[keyword]
        else:
            _set(place, keyword, random)
    return _written(dataset)


def _items(dataset: Any) -> list[Any]:
    """The datasets inside the sequences of an enhanced image."""
    inside = []
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                inside += [item, *_items(item)]
    return inside


def _set(dataset: Any, keyword: str, random: Generator) -> None:
    vr = pydicom.datadict.dictionary_VR(keyword).split(" or ")[0]
    count = {"PixelSpacing": 2, "ImagePositionPatient": 3, "ImageOrientationPatient": 6}.get(keyword, 1)
    if random.random() < 0.1:
        count = int(random.integers(0, 9))
    value: Any
    if vr == "US":
        value = one_of(WHOLE, random)
    elif vr in ("DS", "IS"):
        value = "\\".join(one_of(NUMBERS, random) for _ in range(count))
    else:
        value = one_of(TEXTS, random)
    dataset.add(pydicom.DataElement(keyword, vr if vr in ("US", "UI", "CS") else "LO", value))


def _written(dataset: Any) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def _pixel_area(content: bytes) -> int:
    """Where the pixel data begin, or the second half of the file where they cannot be found."""
    for tag in (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"):
        at = content.rfind(tag)
        if at > 0:
            return at + 12
    return len(content) // 2


def _dicom_codestream(content: bytes, random: Generator) -> bytes:
    start = _pixel_area(content)
    if random.random() < 0.5:  # the codestream's own headers lie at its start
        return content[:start] + near_start(content[start:], random)
    return content[:start] + anywhere(content[start:], random)


def _dicom_length(content: bytes, random: Generator) -> bytes:
    if random.random() < 0.5:
        return length(content, random)
    # An element's own length: one of the explicit ones, or an item's.
    places = [
        at for mark in (b"OW", b"OB", b"US", b"DS", b"UI", b"SQ", b"\xfe\xff\x00\xe0") for at in all_of(content, mark)
    ]
    at = one_of(places, random)
    value = int(one_of((0, 1, 3, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1_900_000_000, int(random.integers(2**16))), random))
    long = content[at : at + 2] in (b"OW", b"OB", b"SQ") or content[at : at + 1] == b"\xfe"
    where, size = (at + 4, 4) if long else (at + 2, 2)
    return content[:where] + (value & (2 ** (8 * size) - 1)).to_bytes(size, "little") + content[where + size :]


def _dicom_structure(content: bytes, random: Generator) -> bytes:
    dataset = parse(content, with_pixels=True)
    choice = int(random.integers(5))
    if choice == 0:  # other fragments, or native pixels where compressed ones are said, or the reverse
        parts = int(random.integers(1, 5))
        pixels = bytes(dataset.PixelData)
        cuts = sorted(int(random.integers(len(pixels))) for _ in range(parts))
        fragments = [pixels[a:b] or b"\0\0" for a, b in zip([0, *cuts], [*cuts, len(pixels)], strict=True)]
        dataset.PixelData = encapsulate(fragments, has_bot=bool(random.integers(2)))
        dataset["PixelData"].is_undefined_length = True
    elif choice == 1:
        dataset.PixelData = bytes(dataset.PixelData) * int(random.integers(2, 5))
    elif choice == 2:
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(one_of(SYNTAXES, random))
    elif choice == 3:
        return _with_deep_sequences(content, int(one_of((3, 50, 2000), random)))
    else:
        del dataset.PixelData
    return _written(dataset)


def _with_deep_sequences(content: bytes, depth: int) -> bytes:
    """Sequences in sequences before the pixel data; to write many of them takes pydicom forever."""
    start = bytes.fromhex("00522992") + b"SQ\0\0" + b"\xff" * 4 + bytes.fromhex("feff00e0") + b"\xff" * 4
    end = bytes.fromhex("feff0de0") + bytes(4) + bytes.fromhex("feffdde0") + bytes(4)
    at = max(content.rfind(b"\xe0\x7f\x10\x00"), 0) or len(content)
    return content[:at] + start * depth + end * depth + content[at:]


def _nifti_header(content: bytes, random: Generator) -> bytes:
    import gzip

    packed = content[:2] == b"\x1f\x8b"
    plain = bytearray(gzip.decompress(content) if packed else content)
    kind = nibabel().Nifti2Header if plain[0] == 540 % 256 else nibabel().Nifti1Header
    fields = kind.template_dtype.fields
    for _ in range(int(random.integers(1, 3))):
        name = one_of([*fields, *(["dim", "pixdim", "vox_offset", "srow_x", "srow_z", "datatype"] * 4)], random)
        field, at = fields[name][0], fields[name][1]
        base, count = field.base, int(np.prod(field.shape)) if field.shape else 1
        where = at + base.itemsize * int(random.integers(count))
        if base.kind == "f":
            with np.errstate(all="ignore"):
                value = np.array(float(one_of(NUMBERS[:-1], random)), np.float64).astype(base).tobytes()
        else:
            value = (
                random.bytes(base.itemsize)
                if random.random() < 0.5
                else int(one_of(WHOLE, random)).to_bytes(8, "little")[: base.itemsize].ljust(base.itemsize, b"\0")
            )
        plain[where : where + base.itemsize] = value
    return gzip.compress(bytes(plain), 1) if packed else bytes(plain)


def _nifti_structure(content: bytes, random: Generator) -> bytes:
    import gzip

    packed = content[:2] == b"\x1f\x8b"
    plain = gzip.decompress(content) if packed else content
    choice = int(random.integers(5))
    if choice == 0:  # an extension, of a length that is true or not
        size = int(one_of((16, 32, 1_900_000_000, -16, 7), random))
        plain = plain[:348] + struct.pack("<4B2i", 1, 0, 0, 0, size, 6) + bytes(8) + plain[352:]
    elif choice == 1:
        plain = plain * 2
    elif choice == 2:  # packed where it should not be, or the reverse
        packed = not packed
    elif choice == 3:  # several members, one of them of zeros
        return content + gzip.compress(bytes(int(one_of((1, 10**6, 3 * 10**7), random))))
    else:
        plain = plain[:40] + plain[41:]
    return gzip.compress(plain, 1) if packed else plain


def _shuffle(files: list[Path], random: Generator) -> None:
    """Files missing, doubled, empty, exchanged, leading in a circle, or something else altogether."""
    file, other = one_of(files, random), one_of(files, random)
    choice = int(random.integers(7))
    if choice == 0:
        file.unlink()
    elif choice == 1:
        shutil.copyfile(other, file.with_name("copy" + file.name))
    elif choice == 2:
        file.write_bytes(b"")
    elif choice == 3:
        content = file.read_bytes()
        file.write_bytes(other.read_bytes()[: int(random.integers(1, 400))] + content)
    elif choice == 4:
        file.unlink()
        file.symlink_to(file)
    elif choice == 5:
        file.write_bytes(random.bytes(int(random.integers(1, 4000))))
    else:
        file.unlink()
        file.mkdir()
