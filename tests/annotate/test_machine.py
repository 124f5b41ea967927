"""The shipped model beside the readers: its outline on the scan's own grid, and how unsure it is."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy as scipy_entropy

from annotated import SCANS, served
from ichor.annotate import machine
from ichor.annotate.machine import Suggestion, suggest
from ichor.annotate.project import UNSTATED
from ichor.annotate.project.runs import decode
from ichor.annotate.uncertainty import entropy, jensen_shannon, of_slices, patch_px
from ichor.methods import load_model
from ichor.read import open_scan
from ichor.scan import Scan
from ichor.segmentation import Segmentation
from paths import CT_ICH_PART
from synthetic_scans import synthetic_head

pytestmark = pytest.mark.long

WAIT_S = 120  # on a machine that is busy with other work


@pytest.fixture(scope="module")
def scan() -> Scan:
    """Three slices of the demonstration subject with blood and three above without."""
    whole = open_scan(CT_ICH_PART / "Patients_CT/088")
    keep = slice(6, 12)  # numbers 25 to 30 of the subject
    assert whole.pixel_mm is not None and whole.positions_mm is not None
    return Scan(whole.voxels[keep], whole.source, whole.pixel_mm[keep], whole.positions_mm[keep])


@pytest.fixture(scope="module")
def found(scan: Scan) -> Suggestion:
    return suggest(scan)


class TestSuggest:
    def test_it_is_the_models_own_outline(self, scan: Scan, found: Suggestion) -> None:
        mask = load_model().predict(scan).mask
        assert mask[:3].any()
        assert np.array_equal(found.label_map > 0, mask)
        assert found.label_map.dtype == np.uint8

    def test_it_is_less_certain_where_there_is_blood(self, found: Suggestion) -> None:
        assert found.uncertainty.shape == (6,)
        assert found.uncertainty[:3].min() > found.uncertainty[3:].max() >= 0
        assert found.labelling_s > 20 + 6 * 3

    def test_a_scan_that_is_stored_turned_gets_the_same_answer(self, scan: Scan, found: Suggestion) -> None:
        turned = replace(
            scan,
            voxels=scan.voxels.transpose(0, 2, 1)[:, ::-1],
            orientation=np.tile([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]], (scan.n_slices, 1, 1)),
        )
        again = suggest(turned)
        differ = again.label_map != found.label_map.transpose(0, 2, 1)[:, ::-1]
        assert differ.sum() <= 0.001 * (found.label_map > 0).sum()  # at the threshold itself
        # Patches lie elsewhere on the turned slice.
        np.testing.assert_allclose(again.uncertainty, found.uncertainty, rtol=0.2, atol=0.02)

    def test_an_unknown_pixel_size_is_answered_too(self, scan: Scan) -> None:
        again = suggest(replace(scan, pixel_mm=None, positions_mm=None))
        assert again.label_map.any() and again.labelling_s > 0

    def test_subtypes_are_those_that_the_method_predicts_for_slices_with_one(
        self, scan: Scan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = load_model()
        subtypes = np.full((6, 5), 0.1)
        subtypes[0, 3] = 0.3
        subtypes[1, :2] = 0.8, 0.9

        class TellsSubtypes:
            @staticmethod
            def segment(scan: Scan) -> Segmentation:
                return replace(model.predict(scan), subtype_probability=subtypes)

        monkeypatch.setattr(machine, "_screener", TellsSubtypes)
        labels = suggest(scan).label_map
        assert set(np.unique(labels[0])) == {0, 4}  # epidural
        assert set(np.unique(labels[1])) == {0, UNSTATED}  # which region is which of the two nobody says

    def test_it_never_brings_torch(self) -> None:
        code = (
            "import sys; from ichor.annotate.machine import suggest; from ichor.annotate.order import order\n"
            "sys.path.insert(0, 'tests'); from synthetic_scans import synthetic_head\n"
            "suggest(synthetic_head(n=2, size=64))\n"
            "assert not {'torch', 'matplotlib'} & set(sys.modules), 'torch was imported'"
        )
        root = Path(__file__).resolve().parents[2]
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


class TestUncertainty:
    def test_entropy_is_another_librarys(self) -> None:
        p = np.array([0.0, 0.01, 0.3, 0.5, 0.9, 1.0], np.float32)
        expected = scipy_entropy(np.stack([p, 1 - p]), base=2, axis=0)
        np.testing.assert_allclose(entropy(p), expected, atol=1e-5)

    def test_divergence_of_two_is_another_librarys(self) -> None:
        rng = np.random.default_rng(1)
        members = rng.random((2, 3, 5)).astype(np.float32)
        # It gives the square root of the divergence.
        expected = jensenshannon(np.stack([members[0], 1 - members[0]]), np.stack([members[1], 1 - members[1]]), 2) ** 2
        np.testing.assert_allclose(jensen_shannon(members), expected, atol=1e-5)

    def test_a_committee_that_agrees_has_none_and_one_that_is_split_has_most(self) -> None:
        agree = np.full((3, 2, 2), 0.4, np.float32)
        assert jensen_shannon(agree).max() < 1e-6
        split = np.array([0.0, 1.0], np.float32)[:, None]
        assert jensen_shannon(split)[0] == pytest.approx(1)

    def test_a_slice_is_the_sum_of_its_most_uncertain_patches(self) -> None:
        uncertainty = np.zeros((2, 10, 14), np.float32)
        uncertainty[1, :5, :5] = 0.8
        uncertainty[1, 8:, 12:] = 1.0  # 2 x 2 pixels of a patch of 4 x 5 that reaches past the edge
        np.testing.assert_allclose(of_slices(uncertainty, (5, 4)), [0, 0.8 + 0.8 / 4 + 0.2])
        np.testing.assert_allclose(of_slices(np.ones((1, 40, 40), np.float32), (4, 4)), [8])

    def test_patches_are_16_mm_wide_or_a_sixteenth_of_the_slice(self) -> None:
        assert patch_px(np.tile([0.5, 0.4], (3, 1)), (512, 512)) == (32, 40)
        assert patch_px(None, (512, 640)) == (32, 40)
        assert patch_px(np.full((3, 2), 40.0), (8, 8)) == (1, 1)


class TestServer:
    def test_the_page_gets_the_ai_outlines(self, tmp_path: Path, scan: Scan, found: Suggestion) -> None:
        with served(tmp_path, scan) as (project, (ann, _)):
            answer = ann.post(f"{SCANS}/1/machine")
            for k, outline in enumerate(found.label_map):
                shown = answer["slices"].get(str(k))
                assert (shown is not None) == outline.any()
                if shown is not None:
                    assert np.array_equal(decode(shown, *outline.shape), outline)
            assert answer["uncertainty"] == pytest.approx(found.uncertainty.tolist())
            assert project.uncertainty(1) == answer["uncertainty"]
            assert project.labelling_s(1) == pytest.approx(found.labelling_s)
            # Nothing is drawn by asking.
            assert ann.get(f"{SCANS}/1/layers/mine")["slices"] == {}

    def test_sorting_by_ai_uncertainty_runs_the_model_on_every_scan(self, tmp_path: Path, scan: Scan) -> None:
        with served(tmp_path, synthetic_head(n=3, size=64), scan) as (project, (ann, _)):
            assert [row["uncertainty"] for row in ann.get(SCANS)] == [None, None]
            assert project.uncertainty(1) is None, "the machine is off until it is asked for"
            ends = time.monotonic() + WAIT_S
            rows = ann.get(f"{SCANS}?order=uncertainty")
            while any(row["uncertainty"] is None for row in rows):
                assert time.monotonic() < ends, "the machine did not come to every scan"
                time.sleep(0.05)
                rows = ann.get(f"{SCANS}?order=uncertainty")
            assert {row["id"] for row in rows} == {1, 2}
            assert rows[0]["uncertainty"] > rows[1]["uncertainty"] > 0
