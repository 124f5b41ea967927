"""The CT images of a study on a PACS, found by QIDO-RS and stored by WADO-RS, one file each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from dicomweb_client import DICOMwebClient
from pydicom.dataset import Dataset

from ichor.atomic import make_folder, reporting_disk_errors, write_whole
from ichor.errors import UnreadableInput
from ichor.fetch.server import Interrupted, one_line_errors

STUDY_UID, SERIES_UID, SOP_UID, MODALITY = "0020000D", "0020000E", "00080018", "00080060"
TRIES = 3
PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Image:
    """One image on the server, identified by the UIDs of study, series and instance."""

    study: str
    series: str
    uid: str

    @property
    def file(self) -> str:
        """The name of its file, which reveals nothing about the patient."""
        return f"{_short(self.uid)}.dcm"


@dataclass(frozen=True, slots=True)
class Study:
    """The CT images of a study.

    Attributes:
        series: the number of CT series; `others` is the number of series of other modalities, which are left out.
        images: the images of all CT series.
    """

    uid: str
    series: int
    others: int
    images: tuple[Image, ...]

    @property
    def folder(self) -> str:
        """The name of its folder, which reveals nothing about the patient."""
        return _short(self.uid)


def study_uid_of(client: DICOMwebClient, accession: str) -> str:
    """The UID of the study with an accession number. Raises UnreadableInput unless there is exactly one."""
    with one_line_errors(client.base_url):
        found = client.search_for_studies(search_filters={"AccessionNumber": accession})
        uids = {_value(one, STUDY_UID) for one in found}
    if len(uids) != 1:
        raise UnreadableInput(f"--accession: expected one study with that number, found {len(uids) or 'none'}")
    return uids.pop()


def find_study(client: DICOMwebClient, uid: str) -> Study:
    """Find the CT images of a study. Raises UnreadableInput if the server has no images of it, or no CT."""
    with one_line_errors(client.base_url):
        series = client.search_for_series(uid)
        modalities = {_value(one, SERIES_UID): _value(one, MODALITY) for one in series}
    if not modalities:
        raise UnreadableInput(f"--study: expected a study that {client.base_url} has, found none with that UID")
    of_ct = [one for one, modality in modalities.items() if modality == "CT"]
    if not of_ct:
        raise UnreadableInput(f"--study: expected a study with CT, found {', '.join(sorted(set(modalities.values())))}")
    images = tuple(Image(uid, one, each) for one in of_ct for each in _image_uids(client, uid, one))
    if not images:
        raise UnreadableInput("--study: expected images in its CT series, found none")
    return Study(uid, len(of_ct), len(modalities) - len(of_ct), images)


def fetch_study(client: DICOMwebClient, study: Study, folder: Path) -> Iterator[Image]:
    """Store the images that the folder lacks, each atomically and readable by its owner only; yields every image.

    Raises Interrupted if the connection keeps breaking; fetching the study again then continues.
    """
    with reporting_disk_errors(folder):
        make_folder(folder, private=True)
    for image in study.images:
        path = folder / image.file
        if not path.is_file():
            content = _retrieved(client, image)
            with reporting_disk_errors(path):
                write_whole(path, content, private=True)
        yield image


def _image_uids(client: DICOMwebClient, study: str, series: str) -> list[str]:
    """The UIDs of a series' images, in as many requests as needed, because servers limit the size of a response."""
    uids: dict[str, None] = {}
    while True:
        with one_line_errors(client.base_url):
            page = client.search_for_instances(study, series, offset=len(uids))
            found = [_value(one, SOP_UID) for one in page]
        if uids.keys() >= set(found):
            return list(uids)
        uids |= dict.fromkeys(found)


def _retrieved(client: DICOMwebClient, image: Image) -> bytes:
    """An image as a DICOM file, in the transfer syntax that the server has."""
    for attempt in range(1, TRIES + 1):
        try:
            with one_line_errors(client.base_url):
                dataset = _whole(client.retrieve_instance(image.study, image.series, image.uid), image)
                buffer = BytesIO()
                dataset.save_as(buffer, enforce_file_format=True)
                return buffer.getvalue()
        except Interrupted:
            if attempt == TRIES:
                raise
            time.sleep(PAUSE_S * attempt)
    raise AssertionError


def _whole(dataset: Dataset, image: Image) -> Dataset:
    """The dataset, if it is the requested image, with all of its pixels. Raises Interrupted otherwise."""
    if dataset.get("SOPInstanceUID") != image.uid or dataset.get("StudyInstanceUID") != image.study:
        raise UnreadableInput("expected the requested image, found another one")
    if "PixelData" not in dataset:
        raise Interrupted("expected an image with its pixels, found none: the connection broke")
    return dataset


def _value(one: dict[str, Any], tag: str) -> str:
    """A value in a DICOM JSON response. Raises ValueError, KeyError or TypeError if it is missing or malformed."""
    return str(one[tag]["Value"][0])


def _short(uid: str) -> str:
    return sha256(uid.encode()).hexdigest()[:16]
