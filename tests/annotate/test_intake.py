"""Which scans are taken into a project: each once, of several at one path too."""

from __future__ import annotations

import shutil
from pathlib import Path

from pydicom.uid import generate_uid

from ichor.annotate.intake import find_intakes, take_in
from ichor.annotate.project import open_project
from ichor.read import ReadOptions
from synthetic_dicom import hu_of_head, synthetic_series

HU = hu_of_head()


def test_two_patients_in_a_zip_and_in_a_folder_are_accepted_once(tmp_path: Path) -> None:
    for k, name in enumerate(("A", "B")):
        uids = {"study_uid": generate_uid(), "series_uid": generate_uid()}
        synthetic_series(tmp_path / "packed" / name, HU + k, **uids)
        synthetic_series(tmp_path / "mixed", HU + k, **uids)
    paths = [Path(shutil.make_archive(str(tmp_path / "both"), "zip", tmp_path / "packed")), tmp_path / "mixed"]
    with open_project(tmp_path / "study", create=True) as project:
        intakes = find_intakes(project, paths)
        assert [one.name for one in intakes] == ["both-A", "both-B", "mixed-1", "mixed-2"]
        for one in intakes:
            take_in(project, one, ReadOptions())
        brightest = {one.name: int(project.scan(one.id).voxels.max() - HU.max()) for one in project.scans()}
        assert (brightest["both-A"], brightest["both-B"]) == (0, 1)
        assert {brightest["mixed-1"], brightest["mixed-2"]} == {0, 1}
        assert find_intakes(project, paths) == []
