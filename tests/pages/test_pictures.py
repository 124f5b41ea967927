"""The figures of a run: that they are drawn, by which rules they are chosen, and that none shows a face."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ichor.dataset.case import Case
from ichor.dataset.ct_ich import CtIch
from ichor.errors import BadConfig
from ichor.evaluate.metrics import metrics_of
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction
from ichor.evaluate.results import result_of
from ichor.pages.pictures import DrawnFigure, draw_figures, figures_in
from ichor.scan import Scan, Source
from paths import CT_ICH_PART
from synthetic_ct_ich import write_ct_ich

PICTURES = ("figure-4", "figure-5", "atlas-missed")
NUMBERS = ("roc", "reliability", "bland-altman")
N_SLICES = 8


def domed(case: Case) -> Case:
    """The made case with its slices narrowing to a vertex, so that the upper ones lie above the orbits.

    Its top slice gets a lesion that `prediction_of` misses.
    """
    rows, columns = case.mask.shape[1:]
    row, column = np.mgrid[:rows, :columns] - rows / 2
    voxels, mask, labels = np.array(case.scan.hu), case.mask.copy(), case.labels.copy()
    for k in range(N_SLICES):
        narrowed = np.sqrt(1 - ((k + 1) / (N_SLICES + 1)) ** 2)
        outside = np.hypot(row / (260 * narrowed), column / (200 * narrowed)) > 1
        voxels[k][outside] = -1000
        mask[k] &= ~outside
    if labels.any():
        lesion = np.hypot(row, column + 20) < 25
        voxels[-1][lesion], mask[-1] = 70, lesion
        labels[-1, 3] = True
    scan = case.scan
    positions = np.array(scan.positions_mm)
    positions[:, 2] = np.arange(N_SLICES) * 12  # a scan of 84 mm
    return Case(
        case.subject,
        Scan(voxels, scan.source, scan.pixel_mm, positions, thickness_mm=scan.thickness_mm),
        mask,
        labels,
    )


class Domed(CtIch):
    """A made dataset of such heads, each read once."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._read: dict[str, Case] = {}

    def case(self, subject: str) -> Case:
        if subject not in self._read:
            self._read[subject] = domed(super().case(subject))
        return self._read[subject]


def prediction_of(case: Case) -> Prediction:
    """The delineation moved, without its top slice, and a false positive on the slice below that."""
    mask = np.roll(case.mask, 12, axis=2)
    mask[-1] = False
    mask[-2, 320:350, 330:370] = True
    truth = case.positive
    probability = np.where(truth, 0.8, 0.2) + 0.002 * int(case.subject) * np.where(np.arange(len(truth)) % 3, 1, -1)
    area = mask.sum(axis=(1, 2))
    return Prediction(
        subject=case.subject,
        fold=1,
        mask=mask,
        slice_probability=np.clip(probability, 0, 1),
        scan_probability=float(np.clip(probability.max(), 0, 1)),
        threshold=0.5,
        areas={t: (area * (1.4 - t)).astype(int) for t in TABLE_THRESHOLDS},
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CtIch:
    root = tmp_path_factory.mktemp("data")
    return Domed(
        write_ct_ich(
            root, {"049": 6, "050": 5, "051": 4, "052": 0, "070": 3}, n_slices=N_SLICES, excluded={"070": "made"}
        )
    )


@pytest.fixture(scope="module")
def predictions(dataset: CtIch) -> dict[str, Prediction]:
    return {subject: prediction_of(dataset.case(subject)) for subject in dataset.subjects}


@pytest.fixture(scope="module")
def metrics(dataset: CtIch, predictions: Mapping[str, Prediction]) -> dict:
    return metrics_of([result_of(dataset.case(p.subject), p, age_years=30) for p in predictions.values()])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def drawn(
    folder: Path, dataset: CtIch, predictions: Mapping[str, Prediction], metrics: dict
) -> tuple[DrawnFigure, ...]:
    probability = {p.subject: p.mask * np.float32(0.9) for p in predictions.values()}
    return draw_figures(folder, dataset, predictions, metrics, probability.get)


def test_every_figure_is_drawn_with_its_words(drawn: Sequence[DrawnFigure], folder: Path) -> None:
    assert [one.name for one in drawn] == [*PICTURES, *NUMBERS]
    for one in drawn:
        assert len(one.caption) > 40 and len(one.alt) > 40
    assert figures_in(folder) == drawn


@pytest.mark.parametrize("name", [*PICTURES, *NUMBERS])
def test_a_figure_is_a_small_png_that_shows_something(name: str, drawn: Sequence[DrawnFigure], folder: Path) -> None:
    (one,) = [one for one in drawn if one.name == name]
    file = folder / one.file
    assert 5_000 < file.stat().st_size < 300_000
    with Image.open(file) as image:
        assert image.format == "PNG"
        assert not image.info.keys() & {"Software", "Creation Time", "date"}
        assert 400 < image.width < 1600 and 300 < image.height < 1400
        pixels = np.asarray(image.convert("L"))
    assert pixels.std() > 10
    assert (pixels == 255).mean() > 0.05


def test_pictures_of_ct_name_their_source(drawn: Sequence[DrawnFigure]) -> None:
    for one in drawn:
        assert ("CC BY 4.0" in one.caption) == (one.name in PICTURES)


def test_the_same_input_gives_the_same_bytes(
    drawn: Sequence[DrawnFigure], folder: Path, tmp_path: Path, dataset: CtIch, predictions: Mapping[str, Prediction],
    metrics: dict,
) -> None:  # fmt: skip
    draw_figures(tmp_path, dataset, predictions, metrics, lambda _: None)
    again = [one for one in drawn if one.name != "figure-4"]
    assert figures_in(tmp_path) == tuple(again)
    for one in again:
        assert (tmp_path / one.file).read_bytes() == (folder / one.file).read_bytes()


def test_without_probabilities_an_earlier_figure_4_stays(
    drawn: Sequence[DrawnFigure], folder: Path, tmp_path: Path, dataset: CtIch, predictions: Mapping[str, Prediction]
) -> None:
    (tmp_path / "figures").mkdir()
    for name in ("figures/figure-4.png", "figures/figures.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    again = draw_figures(tmp_path, dataset, dict(list(predictions.items())[:1]), {}, lambda _: None)
    assert again[0] == drawn[0]
    assert (tmp_path / again[0].file).read_bytes() == (folder / drawn[0].file).read_bytes()


def test_missing_metrics_are_left_out(tmp_path: Path, dataset: CtIch, predictions: Mapping[str, Prediction]) -> None:
    healthy = {"052": predictions["052"]}
    drawn = draw_figures(tmp_path, dataset, healthy, {}, lambda _: None)
    assert [one.name for one in drawn] == ["figure-5"]


def test_a_missing_matplotlib_is_reported_in_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dataset: CtIch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BadConfig, match=r"pip install 'ichor-ct\[evaluate\]'"):
        draw_figures(tmp_path, dataset, [], {}, lambda _: None)


def test_a_broken_list_of_figures_is_reported_in_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "figures.json").write_text("[1]")
    with pytest.raises(BadConfig, match="expected a list of figures"):
        figures_in(tmp_path)


def test_users_settings_of_matplotlib_do_not_matter_and_are_kept(dataset: CtIch) -> None:
    import matplotlib

    from ichor.pages.pictures.curves import slices_of
    from ichor.pages.pictures.roc import roc_figure
    from ichor.pages.pictures.style import png

    cases = [dataset.case(subject) for subject in ("049", "052")]
    slices = slices_of([result_of(case, prediction_of(case), age_years=1) for case in cases])
    points = [(t, 0.9, 0.5) for t in TABLE_THRESHOLDS]
    plain = png(roc_figure([slices], points, {"slices": "1.00"}))
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black"}):
        assert png(roc_figure([slices], points, {"slices": "1.00"})) == plain
        assert matplotlib.rcParams["font.size"] == 20


def plain_scan(voxels: np.ndarray, slice_mm: float | None = 5.0) -> Scan:
    n = len(voxels)
    positions = None if slice_mm is None else np.stack([np.zeros(n), np.zeros(n), np.arange(n) * slice_mm], axis=1)
    return Scan(voxels, Source("nifti", Path("made")), pixel_mm=np.ones((n, 2)), positions_mm=positions)


def head_slice(row_radius: float = 80, column_radius: float = 60, size: int = 200) -> np.ndarray:
    """A slice of brain at 35 HU in a skull 6 pixels thick."""
    row, column = np.mgrid[:size, :size] - size / 2
    hu = np.full((size, size), -1000.0)
    hu[np.hypot(row / row_radius, column / column_radius) < 1] = 1000
    hu[np.hypot(row / (row_radius - 6), column / (column_radius - 6)) < 1] = 35
    return hu


def test_slices_near_the_vertex_are_cranial_and_others_are_not() -> None:
    # A head of 160 mm whose slices, 5 mm apart, narrow to the vertex as on an ellipsoid.
    upward = np.arange(0, 70, 5) / 72
    voxels = np.stack([head_slice(80 * r, 60 * r) for r in np.sqrt(1 - upward**2)])
    from ichor.pages.pictures.faces import cranial

    below_vertex_mm = 72 - np.arange(0, 70, 5)
    np.testing.assert_array_equal(cranial(plain_scan(voxels)), below_vertex_mm <= 0.30 * 160)
    # The same scan, ended 30 mm below the vertex, has no more of them than before.
    np.testing.assert_array_equal(cranial(plain_scan(voxels[:9])), (below_vertex_mm <= 0.30 * 160)[:9])


def test_no_slice_is_cranial_where_that_cannot_be_told() -> None:
    from ichor.pages.pictures.faces import cranial

    same = np.stack([head_slice()] * 6)  # never narrows: perhaps no vertex in it
    assert not cranial(plain_scan(same)).any()
    assert not cranial(plain_scan(same, slice_mm=None)).any()
    assert not cranial(plain_scan(np.full((4, 50, 50), -1000.0))).any()


# For each subject the highest slice (from 1) on which an orbit was seen; children and turned heads are among them.
HIGHEST_ORBIT = {"050": 11, "053": 23, "055": 19, "058": 21, "082": 16, "088": 16, "091": 17, "125": 29}


@pytest.mark.parametrize(("subject", "orbit"), HIGHEST_ORBIT.items())
def test_real_slices_with_an_orbit_are_far_from_cranial(subject: str, orbit: int, ct_ich: Path) -> None:
    from ichor.pages.pictures.faces import cranial
    from ichor.read import open_scan

    found = cranial(open_scan(ct_ich / "Patients_CT" / subject))
    assert not found[: orbit + 1].any()  # that slice, all below it, and the one above it
    assert found[-5:].all()


def test_the_rule_is_stricter_than_the_eye_on_the_demonstration_subject() -> None:
    from ichor.pages.pictures.faces import cranial
    from ichor.read import open_scan

    found = cranial(open_scan(CT_ICH_PART / "Patients_CT" / "088"))
    assert not found[0]  # slice 19 shows the frontal sinus and no face, as was looked at
    assert list(np.flatnonzero(found) + 19) == [27, 28, 29, 30, 31]


def test_fat_and_air_inside_the_head_are_pockets_and_the_scalp_is_not() -> None:
    from ichor.pages.pictures.faces import pockets

    hu = head_slice()
    assert not pockets(hu, 160).any()
    hu[60:70, 90:100] = -90  # as wide as the fat of an orbit
    found = pockets(hu, 160)
    assert found[65, 95] and not found[:58].any()
    hu = head_slice()
    hu[60:61, 90:100] = -90  # a thin line of it
    assert not pockets(hu, 160).any()
    notched = head_slice()
    notched[15:45, 90:110] = -1000  # open to the front, as a nose is
    assert pockets(notched, 160)[35, 100]


def views_of(voxels: np.ndarray, reference: np.ndarray, predicted: np.ndarray):
    from ichor.pages.pictures.views import Views

    labels = np.zeros((len(voxels), 5), bool)
    labels[reference.any(axis=(1, 2)), 3] = True
    return Views(Case("049", plain_scan(voxels), reference, labels), predicted)


def test_views_refuse_what_may_show_a_face() -> None:
    upward = np.arange(0, 70, 5) / 72
    voxels = np.stack([head_slice(80 * r, 60 * r, size=400) for r in np.sqrt(1 - upward**2)])
    reference, predicted = np.zeros(voxels.shape, bool), np.zeros(voxels.shape, bool)
    reference[:, 190:200, 190:200] = True
    predicted[:, 210:220, 190:200] = True
    views = views_of(voxels, reference, predicted)
    low, high = 2, len(voxels) - 2
    with pytest.raises(ValueError, match="above the orbits"):
        views.whole(low)
    assert views.whole(high).gray.shape[0] < 400
    assert views.around(low, reference[low]).gray.shape == (160, 160)
    assert views.around(high, predicted[high]).gray.shape == (160, 160)
    with pytest.raises(ValueError, match="shows no face"):  # a false positive low in the head
        views.around(low, predicted[low])
    voxels[low, 225:240, 190:205] = -90
    views = views_of(voxels, reference, predicted)
    with pytest.raises(ValueError, match="shows no face"):  # a lesion beside an orbit
        views.around(low, reference[low])


def test_a_crop_of_a_lesion_in_parts_holds_most_of_it_and_not_the_gap_between() -> None:
    voxels = np.stack([head_slice(190, 150, size=400)] * 2)
    reference = np.zeros(voxels.shape, bool)
    reference[0, 100:110, 60:90] = reference[0, 280:300, 300:330] = True  # on both sides: the middle is empty
    reference[1, 190:250, 170:190] = True
    views = views_of(voxels, reference, np.zeros_like(reference))
    parted, whole = (views.around(index, reference[index]) for index in (0, 1))
    assert parted.reference.sum() == 600
    assert whole.reference.sum() == 1200
    np.testing.assert_allclose(np.argwhere(whole.reference).mean(axis=0), 79.5, atol=1)  # as before, in the middle
    assert parted.reference[:, 0].sum() == parted.reference[0].sum() == 0  # the whole part, its edges included


def test_the_share_of_the_heads_width_falls_towards_the_vertex() -> None:
    voxels = np.stack([head_slice(80 * r, 60 * r) for r in (1, 0.9, 0.5)])
    views = views_of(voxels, np.zeros(voxels.shape, bool), np.zeros(voxels.shape, bool))
    assert [views.width_share(index) for index in range(3)] == pytest.approx([1, 0.9, 0.5], abs=0.03)
    empty = np.full((2, 50, 50), -1000.0)
    assert np.isnan(views_of(empty, np.zeros(empty.shape, bool), np.zeros(empty.shape, bool)).width_share(0))


def test_findings_are_what_was_missed_and_what_was_invented() -> None:
    from ichor.pages.pictures.findings import Kind, findings_of, marked_by

    voxels = np.stack([head_slice()] * 3)
    reference, predicted = np.zeros(voxels.shape, bool), np.zeros(voxels.shape, bool)
    reference[1, 80:90, 80:90] = True  # found in part
    reference[1, 110:114, 80:84] = True  # missed
    reference[1, 120:128, 80:84] = True  # missed, larger
    reference[1, 140, 80:84] = True  # a speck of the compression
    predicted[1, 85:90, 80:90] = True
    predicted[1, 60:67, 100:103] = True  # invented
    views = views_of(voxels, reference, predicted)
    delineated, missed, false = findings_of(views)
    assert [f.kind for f in (delineated, missed, false)] == [Kind.DELINEATED, Kind.MISSED, Kind.FALSE_POSITIVE]
    assert (delineated.area_px, missed.area_px, false.area_px) == (152, 32, 21)
    assert delineated.dice == pytest.approx(2 * 50 / (152 + 71))
    assert {f.index for f in (delineated, missed, false)} == {1}
    assert delineated.crop and missed.crop and not false.crop  # no slice here is above the orbits
    np.testing.assert_array_equal(np.argwhere(marked_by(missed, views))[[0, -1]], [[120, 80], [127, 83]])
    assert marked_by(false, views).sum() == 21


def finding(subject: str, kind: str, area: int, **more):
    from ichor.pages.pictures.findings import Finding, Kind

    given = {"index": 3, "pixel": (0, 0), "dice": 0.5, "cranial": True, "crop": True, **more}
    return Finding(kind=Kind[kind], subject=subject, area_px=area, **given)


def test_figure_4_goes_from_the_best_subject_to_the_worst_in_equal_steps() -> None:
    from ichor.pages.pictures.choice import choose_figure_4

    dice = {f"{n:03d}": n / 100 for n in range(50, 59)}
    findings = [finding(s, "DELINEATED", area) for s in dice for area in (10, 30, 20)]
    findings += [
        finding("058", "DELINEATED", 99, crop=False),
        finding("058", "MISSED", 99),
        finding("070", "DELINEATED", 99),
    ]
    chosen = choose_figure_4(findings, dice)
    assert [f.subject for f in chosen] == ["058", "056", "054", "052", "050"]
    assert {f.area_px for f in chosen} == {30}
    assert [f.subject for f in choose_figure_4(findings[:6], dice)] == ["051", "050"]
    assert choose_figure_4([], dice) == []


def test_figure_5_takes_the_best_and_the_largest_above_the_orbits() -> None:
    from ichor.pages.pictures.choice import choose_figure_5

    chosen = choose_figure_5(
        [
            finding("050", "DELINEATED", 10, dice=0.9, cranial=False),
            finding("051", "DELINEATED", 10, dice=0.8),
            finding("051", "DELINEATED", 10, dice=0.7),
            finding("052", "DELINEATED", 10, dice=0.6),
            finding("053", "DELINEATED", 10, dice=0.5),
            finding("054", "FALSE_POSITIVE", 5),
            finding("055", "FALSE_POSITIVE", 50),
            finding("056", "FALSE_POSITIVE", 500, cranial=False),
            finding("070", "MISSED", 999),
            finding("057", "MISSED", 9),
            finding("058", "MISSED", 90),
        ],
        excluded={"070"},
    )
    assert [(f.subject, f.dice) for f in chosen.fits] == [("051", 0.8), ("052", 0.6)]
    assert [f.subject for f in chosen.false_positives] == ["055", "054"]
    assert [f.subject for f in chosen.missed] == ["058"]


def test_the_atlas_takes_the_largest_of_each_subject() -> None:
    from ichor.pages.pictures.choice import choose_missed

    findings = [finding(f"{n:03d}", kind, n) for n in range(50, 62) for kind in ("MISSED", "FALSE_POSITIVE")]
    findings += [finding("050", "MISSED", 500, index=4), finding("051", "MISSED", 500, crop=False)]
    assert [f.subject for f in choose_missed(findings)] == ["050", *(f"{n:03d}" for n in range(61, 54, -1))]


def test_a_lesion_is_measured() -> None:
    from ichor.pages.pictures.reasons import measure

    hu = head_slice()
    disc = np.hypot(*(np.mgrid[:200, :200] - np.array([100, 120])[:, None, None])) <= 10
    hu[disc] = 62
    found = measure(hu, disc, disc, (1.0, 1.0), 5.0, 0.9)
    assert found.contrast_hu == pytest.approx(27)
    assert found.thickness_mm == pytest.approx(20, abs=1)
    assert found.volume_ml == pytest.approx(disc.sum() * 5 / 1000)
    assert found.along_bone == 0
    assert found.midline_mm == pytest.approx(20, abs=1)
    assert found.outside == 0
    assert str(found).startswith("+27 HU, ") and str(found).endswith(" mm thick, 1.6 mL")
    assert measure(hu, disc, disc, (0.5, 0.5), 5.0, 0.9).thickness_mm == pytest.approx(10, abs=0.5)


def test_a_rim_is_thin_and_along_bone() -> None:
    from ichor.pages.pictures.reasons import measure

    hu = head_slice()
    row, column = np.mgrid[:200, :200] - 100
    radius = np.hypot(row / 74, column / 54)
    rim = (radius < 1) & (radius > 0.95) & (column > 20)
    found = measure(hu, rim, rim, (1.0, 1.0), 5.0, 0.9)
    assert 1.5 < found.thickness_mm < 4
    assert found.along_bone > 0.5
    assert found.contrast_hu == pytest.approx(0)


def test_objects_next_to_the_head_are_outside_the_skull() -> None:
    from ichor.pages.pictures.reasons import measure

    hu = head_slice()
    hand = np.zeros(hu.shape, bool)
    hand[90:110, 175:190] = True
    hu[hand] = 50
    found = measure(hu, hand, np.zeros_like(hand), (1.0, 1.0), 5.0, 0.9)
    assert found.outside == 1
    assert np.isnan(found.contrast_hu)  # there is air around
    assert str(found).startswith("no tissue, ")


def test_the_midline_follows_a_turned_head_and_is_unknown_in_a_round_one() -> None:
    from scipy import ndimage

    from ichor.pages.pictures.reasons import measure

    turned = ndimage.rotate(head_slice(), 30, reshape=False, order=0, cval=-1000)
    row, column = np.mgrid[:200, :200] - 100
    along = np.deg2rad(30)
    # scipy turns the rows towards the columns: the long axis runs along (cos, sin) of the angle.
    from_axis = np.abs(row * np.sin(along) - column * np.cos(along))
    near = (from_axis < 2) & (np.hypot(row, column) < 40)
    assert measure(turned, near, near, (1.0, 1.0), 5.0, 0.9).midline_mm < 3
    round_head = head_slice(70, 70)
    assert np.isnan(measure(round_head, near, near, (1.0, 1.0), 5.0, 0.9).midline_mm)
    assert np.isnan(measure(np.full((200, 200), 35.0), near, near, (1.0, 1.0), 5.0, 0.9).midline_mm)


@pytest.mark.parametrize(
    ("kind", "excluded", "measured", "expected"),
    [
        ("MISSED", False, {}, "no reason measured"),
        ("MISSED", True, {"contrast_hu": -12}, "excluded from overlap, hardly brighter than its surroundings"),
        ("MISSED", False, {"contrast_hu": 3}, "hardly brighter than its surroundings"),
        ("MISSED", False, {"thickness_mm": 2, "along_bone": 0.8}, "along bone, thin"),
        ("MISSED", False, {"volume_ml": 0.1}, "small"),
        ("MISSED", False, {"midline_mm": 1}, "no reason measured"),
        (
            "FALSE_POSITIVE",
            False,
            {"midline_mm": 1},
            "brighter than its surroundings, at the midline, as falx and sinus",
        ),
        ("FALSE_POSITIVE", False, {"contrast_hu": 3, "along_bone": 0.5}, "along bone"),
        ("FALSE_POSITIVE", False, {"contrast_hu": 3, "outside": 0.9, "thickness_mm": 1}, "outside the skull"),
        ("FALSE_POSITIVE", False, {"contrast_hu": -15}, "darker than its surroundings"),
        ("FALSE_POSITIVE", False, {"contrast_hu": 3, "width_share": 0.6}, "near the vertex"),
        ("MISSED", False, {"width_share": 0.6}, "near the vertex"),
        ("DELINEATED", False, {"contrast_hu": float("nan"), "width_share": float("nan")}, "no reason measured"),
    ],
)
def test_a_reason_says_what_holds(kind: str, excluded: bool, measured: dict, expected: str) -> None:
    from ichor.pages.pictures.findings import Kind
    from ichor.pages.pictures.reasons import Measured, reason

    plain = {
        **{"contrast_hu": 25, "thickness_mm": 12, "volume_ml": 4, "along_bone": 0, "midline_mm": 30, "outside": 0},
        "width_share": 0.9,
    }
    assert reason(Kind[kind], Measured(**{**plain, **measured}), excluded=excluded) == expected
