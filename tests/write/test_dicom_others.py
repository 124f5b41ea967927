"""The DICOM objects read by other people's software: dcmqi, and dicomweb-client from Orthanc."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from dicom_exact import assert_exact, masks_of
from ichor.screening.screener import Screener
from ichor.write.result import Result
from orthanc import Orthanc
from paths import DEMO, DICOM_CLIENTS, GE_HEAD
from synthetic_scans import SubtypesMethod

OBJECTS = ["dicom-seg", "dicom-sr", "dicom-sc"]
# dicomweb-client fetches every object of a study but the CT slices into a folder, and says how many of each it found.
FETCH = """
import collections, json, pathlib, sys
from dicomweb_client.api import DICOMwebClient
address, study, folder = sys.argv[1:]
client, found = DICOMwebClient(address), collections.Counter()
for series in client.search_for_series(study_instance_uid=study):
    modality, uid = series["00080060"]["Value"][0], series["0020000E"]["Value"][0]
    for one in client.search_for_instances(study_instance_uid=study, series_instance_uid=uid):
        found[modality] += 1
        if modality != "CT":
            sop = one["00080018"]["Value"][0]
            client.retrieve_instance(study, uid, sop).save_as(pathlib.Path(folder) / f"{sop}.dcm")
print(json.dumps(found))
"""


def program(name: str) -> Path:
    """A command of dcmqi."""
    (found,) = DICOM_CLIENTS.parent.glob(f"lib/*/site-packages/dcmqi/bin/{name}")
    return found


def ran(*words: object) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def demo() -> Result:
    """Of the demonstration scan, by the shipped model."""
    return Screener().screen(DEMO)


@pytest.fixture(scope="module")
def tilted(ge_head: Path) -> Result:
    """Of the tilted head of uneven spacing: many lesions of two subtypes."""
    return Screener.of(SubtypesMethod()).screen(ge_head)


@pytest.mark.dicom_clients
def test_dcmqi_reads_the_segments_onto_the_ct(demo: Result, tmp_path: Path) -> None:
    folder = demo.save(tmp_path / "out", OBJECTS)
    assert demo.scan.positions_mm is not None
    for name, masks in masks_of(demo).items():
        read = tmp_path / name
        read.mkdir()
        ran(program("segimage2itkimage"), "--inputDICOM", folder / name, "--outputDirectory", read, "-t", "nrrd")
        meta = json.loads((read / "meta.json").read_text())
        labels = [one["SegmentLabel"] for segments in meta["segmentAttributes"] for one in segments]
        assert labels == [one.SegmentLabel for one in pydicom.dcmread(folder / name).SegmentSequence]
        found = np.zeros_like(masks)
        for image in (sitk.ReadImage(file) for file in read.glob("*.nrrd")):
            (lowest,) = np.flatnonzero(np.isclose(demo.scan.positions_mm, image.GetOrigin(), atol=1e-3).all(axis=1))
            assert np.allclose(image.GetSpacing()[::-1], np.roll(demo.scan.spacing_mm, 1), atol=1e-4)
            values = sitk.GetArrayFromImage(image)
            for number in np.unique(values[values > 0]):
                found[lowest : lowest + len(values), ..., number - 1] |= values == number
        assert np.array_equal(found, masks) and masks.any()


@pytest.mark.ge_head
@pytest.mark.dicom_clients
def test_dcmqi_says_that_it_has_no_grid_for_a_tilted_uneven_head(tilted: Result, tmp_path: Path) -> None:
    """It makes one straight volume of a Segmentation; there is none of these slices, and it writes nothing wrong."""
    folder = tilted.save(tmp_path / "out", ["dicom-seg"])
    words = ("--inputDICOM", folder / "segmentation.dcm", "--outputDirectory", tmp_path, "-t", "nrrd")
    assert "outside image geometry" in ran(program("segimage2itkimage"), *words)
    assert not list(tmp_path.glob("*.nrrd"))


@pytest.mark.ge_head
@pytest.mark.dicom_clients
def test_dcmqi_reads_the_report(tilted: Result, tmp_path: Path) -> None:
    folder = tilted.save(tmp_path / "out", OBJECTS)
    ran(program("tid1500reader"), "--inputDICOM", folder / "report.dcm", "--outputMetadata", tmp_path / "said.json")
    said = json.loads((tmp_path / "said.json").read_text())
    groups = {one["TrackingIdentifier"]: one for one in said["Measurements"]}
    values = {
        one["quantity"]["CodeMeaning"]: float(one["value"])
        for one in groups["Intracranial hemorrhage"]["measurementItems"]
    }
    found = tilted.findings.hemorrhage
    assert values == pytest.approx(
        {"Volume": found.volume_ml, "Diameter": found.largest_diameter_mm, "Volume of ellipsoid": found.abc2_ml}
    )
    seg = pydicom.dcmread(folder / "segmentation.dcm")
    assert groups["Intracranial hemorrhage"]["segmentationSOPInstanceUID"] == seg.SOPInstanceUID


@pytest.mark.dicom_clients
@pytest.mark.parametrize("path", [DEMO, pytest.param(GE_HEAD, marks=pytest.mark.ge_head)], ids=["demo", "GE head"])
def test_orthanc_keeps_them_and_dicomweb_client_fetches_them(
    orthanc: Orthanc, request: pytest.FixtureRequest, path: Path, tmp_path: Path
) -> None:
    result: Result = request.getfixturevalue("demo" if path == DEMO else "tilted")
    folder, fetched = result.save(tmp_path / "out", OBJECTS), tmp_path / "fetched"
    fetched.mkdir()
    slices, made = sorted(path.glob("*.dcm")), sorted(folder.glob("*.dcm"))
    orthanc.store([*slices, *made])
    words = (DICOM_CLIENTS / "python", "-c", FETCH, orthanc.dicomweb, result.scan.source.study_uid, fetched)
    counts = json.loads(ran(*words).splitlines()[-1])
    n_captures = len(made) - 3
    assert counts == {"CT": len(slices), "SEG": 2, "SR": 1, "OT": n_captures} and n_captures >= 1
    for file in made:
        kept = fetched / f"{pydicom.dcmread(file).SOPInstanceUID}.dcm"
        assert pydicom.dcmread(kept) == pydicom.dcmread(file)  # every element of the dataset
        assert orthanc.file(kept.stem) == file.read_bytes()
        kept.rename(fetched / file.name)
    assert assert_exact(fetched, result) > 0
