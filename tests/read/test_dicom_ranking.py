"""Which series of a study is read, and why each other one comes later: non-contrast, soft, of usual thickness."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pydicom
import pytest

from demo_series import between, change, demo_slices, noisy
from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, dicom
from ichor.read.base import SeriesSummary
from ichor.read.dicom.kernels import is_sharp
from synthetic_dicom import save, synthetic_series

MPR = ["DERIVED", "SECONDARY", "AXIAL", "CT_SOM7 SPI DUAL", "MPR"]
ORIGINAL = ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM7 SPI"]
Series = Sequence[pydicom.FileDataset]


def inspected(folder: Path, *series: Series) -> list[SeriesSummary]:
    for k, one in enumerate(series):
        save(one, folder / str(k))
    return list(dicom.inspect(folder, ReadOptions()).series)


def reasons(folder: Path, *series: Series) -> list[tuple[int | None, int, str]]:
    """Rank, number of slices and reason of each series, as `inspect` shows them; the first one is read."""
    found = inspected(folder, *series)
    assert [one.chosen for one in found] == [True, *[False] * (len(found) - 1)]
    assert dicom.read(folder, ReadOptions()).n_slices == found[0].n_slices
    return [(one.rank, one.n_slices, one.reason) for one in found]


def named(slices: Series, **header: Any) -> Series:
    for one in slices:
        change(one, **header)
    return slices


class TestKernel:
    def test_thin_bone_slices_do_not_outrank_the_reformatted_soft_ones(self, tmp_path: Path) -> None:
        bone = named(noisy(between(demo_slices(), 4), 90), ImageType=ORIGINAL, ConvolutionKernel=["Hr64h", "3"])
        soft = demo_slices(ImageType=MPR, ConvolutionKernel=["Hr38h", "3"])
        assert reasons(tmp_path, bone, soft) == [
            (1, 13, "axial head CT"),
            (2, 48, "also axial CT, but a kernel for bone or lung"),
        ]

    def test_noise_decides_where_no_name_is_known(self, tmp_path: Path) -> None:
        """The noisy one has more slices, and comes first in all else."""
        sharp = named(noisy(demo_slices(), 40), ConvolutionKernel="K17", ImageType=ORIGINAL)
        soft = named(demo_slices()[:12], ConvolutionKernel="K4", ImageType=MPR)
        found = reasons(tmp_path, sharp, soft)
        assert found[0] == (1, 12, "axial head CT")
        assert found[1][2].startswith("also axial CT, but noise typical of a kernel for bone or lung (4")

    def test_a_thin_soft_series_is_not_mistaken_for_a_sharp_one_by_its_noise(self, tmp_path: Path) -> None:
        thin = named(noisy(between(demo_slices(), 8), 15), ConvolutionKernel="K4")
        soft = demo_slices(ConvolutionKernel="K4")
        assert reasons(tmp_path, thin, soft)[1][2] == (
            "also axial CT, but thinner slices (0.6 mm) than the models are intended for"
        )

    def test_a_bone_kernel_without_alternatives_is_read_with_a_warning(self, tmp_path: Path) -> None:
        save(demo_slices(ConvolutionKernel="H70h"), tmp_path)
        scan = dicom.read(tmp_path, ReadOptions())
        assert scan.sharp_kernel
        told = (
            "The series was reconstructed for bone or lung, according to its kernel or noise, and there is no readable "
            "series for the brain."
        )
        assert told in scan.warnings
        assert told in dicom.inspect(tmp_path, ReadOptions()).warnings

    @pytest.mark.parametrize(("noise", "sharp"), [(0, False), (5, False), (30, True), (60, True)])
    def test_without_alternatives_and_with_an_unknown_kernel(self, tmp_path: Path, noise: float, sharp: bool) -> None:
        save(noisy(demo_slices(), noise) if noise else demo_slices(), tmp_path)
        assert dicom.read(tmp_path, ReadOptions()).sharp_kernel is sharp

    def test_a_soft_kernel_causes_no_warning(self, tmp_path: Path) -> None:
        save(demo_slices(ConvolutionKernel="H31s"), tmp_path)
        assert not dicom.read(tmp_path, ReadOptions()).sharp_kernel

    @pytest.mark.parametrize(
        ("kernel", "sharp"),
        [
            *((name, True) for name in ("BONE", "BONEPLUS", "EDGE", "LUNG", "DETAIL", "ULTRA", "HD BONEPLUS")),
            *((name, False) for name in ("SOFT", "STANDARD", "STND", "STD+", "HD STANDARD")),
            *((name, True) for name in ("H60s", "H70h", "B70f", "Hr59f 3", "Hr64h", "U90u", "J70h", "Br64d", "Bl57f")),
            *((name, False) for name in ("H30s", "H31s", "J40s", "Hr38h 3", "Hr40f", "Qr40", "B30f", "Hc40", "H41s")),
            *((name, True) for name in ("FC30", "FC35", "FC51", "FC81", "FC 30")),
            *((name, False) for name in ("FC01", "FC21", "FC26", "FC64", "FC68", "FC43")),
            *((name, True) for name in ("D", "E", "L", "YA", "YB", "YD", "YE")),
            *((name, False) for name in ("A", "B", "C", "UA", "UB", "UC", "SA", "SB")),
            *((name, True) for name in ("B_SHARP_C", "H_BONE_A", "Lung Sharp")),
            *((name, False) for name in ("B_SOFT_B", "H_SOFT_C", "Brain Standard", "AiCE BRAIN")),
            *((name, None) for name in ("22", "K17", "CUSTOM", "", None)),
        ],
    )
    def test_names_of_kernels(self, kernel: str | None, sharp: bool | None) -> None:
        assert is_sharp(kernel, "", None) is sharp

    @pytest.mark.parametrize(
        "name",
        ["HEAD BONE 2.5", "Kopf Knochen", "CRANE OS", "Cráneo hueso", "cranio osso", "schedel bot", "Felsenbein"],
    )
    def test_names_of_series(self, name: str) -> None:
        assert is_sharp(None, name.upper(), None) is True
        assert is_sharp("H31s", name.upper(), None) is False  # the kernel is what counts

    def test_the_window_it_asks_for(self) -> None:
        assert is_sharp(None, "", 3000.0) is True
        assert is_sharp(None, "", 80.0) is None
        assert is_sharp("H31s", "", 3000.0) is False


class TestContrast:
    @pytest.mark.parametrize(
        "none", ["ohne KM", "sans injection", "sin contraste", "senza mdc", "sem", "zonder contrast"]
    )
    def test_no_agent_in_other_phrases(self, tmp_path: Path, none: str) -> None:
        soft = demo_slices(ContrastBolusAgent=none, ConvolutionKernel="H31s")
        bone = demo_slices(ConvolutionKernel="H60s")
        assert reasons(tmp_path, soft, bone)[1][2] == "also axial CT, but a kernel for bone or lung"
        assert not dicom.read(tmp_path, ReadOptions()).contrast

    @pytest.mark.parametrize(
        ("with_", "without"),
        [("HEAD WITH CONTRAST 5mm", "HEAD W/O 4mm"), ("Schädel mit KM", "Schädel nativ"), ("TETE INJECTE", "TETE SPC")],
    )
    def test_contrast_only_by_the_name(self, tmp_path: Path, with_: str, without: str) -> None:
        header = {"SpecificCharacterSet": "ISO_IR 192"}
        given = demo_slices(SeriesDescription=with_, SliceThickness=5, **header)
        plain = demo_slices(SeriesDescription=without, SliceThickness=4, **header)
        found = inspected(tmp_path, given, plain)
        assert [one.thickness_mm for one in found] == [(4.0, 4.0), (5.0, 5.0)]
        assert found[1].reason == "also axial CT, but with contrast agent"
        assert not [text for one in found for text in (with_, without) if text in str(one)]

    def test_a_protocol_counts_where_the_name_says_nothing(self, tmp_path: Path) -> None:
        given = demo_slices(ProtocolName="HEAD C+", SeriesDescription="5.0 H31s", SliceThickness=5)
        plain = demo_slices(ProtocolName="HEAD W/WO", SeriesDescription="4.0 H31s", SliceThickness=4)
        assert [one.thickness_mm for one in inspected(tmp_path, given, plain)] == [(4.0, 4.0), (5.0, 5.0)]

    def test_an_agent_named_on_all_series_does_not_hide_the_plain_one(self, tmp_path: Path) -> None:
        """As a protocol fills it in; both are told of."""
        after = demo_slices(ContrastBolusAgent="Iomeprol", SeriesDescription="HEAD POST CONTRAST")
        plain = demo_slices(ContrastBolusAgent="Iomeprol", SeriesDescription="HEAD W/O", SliceThickness=4)
        assert inspected(tmp_path, after, plain)[0].thickness_mm == (4.0, 4.0)
        scan = dicom.read(tmp_path, ReadOptions())
        assert scan.contrast
        assert any("although its name says non-contrast" in warning for warning in scan.warnings)

    def test_contrast_without_alternatives_is_read_with_a_warning(self, tmp_path: Path) -> None:
        save(demo_slices(SeriesDescription="HEAD WITH CONTRAST"), tmp_path)
        scan = dicom.read(tmp_path, ReadOptions())
        assert scan.contrast
        assert any("contrast agent" in warning for warning in scan.warnings)

    def test_part_of_a_head_without_contrast_comes_before_all_of_it_with(self, tmp_path: Path) -> None:
        synthetic_series(tmp_path, spacing=20.0, change=lambda one, _: setattr(one, "ContrastBolusAgent", "Iomeprol"))
        synthetic_series(tmp_path, spacing=2.0, series_uid="1.2.3")
        assert dicom.inspect(tmp_path, ReadOptions()).series[0].uid == "1.2.3"


class TestPlaneAndThickness:
    def test_five_millimetres_come_before_the_thin_series_they_were_made_of(self, tmp_path: Path) -> None:
        thin = named(between(demo_slices(), 8), ImageType=ORIGINAL)
        thick = demo_slices(ImageType=MPR)
        assert reasons(tmp_path, thin, thick) == [
            (1, 13, "axial head CT"),
            (2, 96, "also axial CT, but thinner slices (0.6 mm) than the models are intended for"),
        ]
        scan = dicom.read(tmp_path, ReadOptions())
        assert scan.missing_slices == 0  # the thin ones show the same part of the head
        assert not any("rest of the head" in warning for warning in scan.warnings)

    def test_the_acquired_plane_comes_before_another(self, tmp_path: Path) -> None:
        turned = demo_slices(ImageType=MPR, ImageOrientationPatient=[1, 0, 0, 0, 0.9848, 0.1736])
        acquired = named(between(demo_slices(), 2), ImageType=ORIGINAL)
        assert reasons(tmp_path, turned, acquired)[1][2] == "also axial CT, but reformatted into another plane"

    def test_without_a_stated_thickness_the_distance_is_used(self, tmp_path: Path) -> None:
        thin = named(between(demo_slices(), 8), SliceThickness=None)
        thick = demo_slices(SliceThickness=None)
        assert reasons(tmp_path, thin, thick)[0] == (1, 13, "axial head CT")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"ImageType": ["DERIVED", "SECONDARY", "PROJECTION IMAGE", "MIP"]}, "projection (MIP)"),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "CT_SOM5 MIP"]}, "projection (MIP)"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MIN_IP"]}, "projection (MIP)"),
        ({"SeriesDescription": "AX MIP 10mm"}, "projection (MIP)"),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL", "CT_SOM7 DE_IODINE"]}, "computed map, not HU"),
        ({"ImageType": ["DERIVED", "SECONDARY", "CBF"]}, "computed map, not HU"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "DOSE_INFO"]}, "dose report"),
        ({"ImageType": ["DERIVED", "SECONDARY", "DOSE REPORT"]}, "dose report"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "dose report"),
    ],
)
def test_a_series_that_is_not_a_head_ct_is_refused_even_if_it_is_the_only_one(
    tmp_path: Path, header: dict[str, Any], reason: str
) -> None:
    save(demo_slices(**header), tmp_path)
    with pytest.raises(UnreadableInput, match="found 1 series: "):
        dicom.read(tmp_path, ReadOptions())
    (one,) = dicom.inspect(tmp_path, ReadOptions()).series
    assert (one.rank, one.reason) == (None, reason)


@pytest.mark.parametrize("words", [["LOW_DOSE"], ["AXIAL", "LOW DOSE"], ["ULTRA_LOW_DOSE"], ["DOSE_MODULATION"]])
def test_low_dose_is_not_a_dose_report(tmp_path: Path, words: list[str]) -> None:
    save(demo_slices(ImageType=["ORIGINAL", "PRIMARY", *words]), tmp_path)
    assert dicom.read(tmp_path, ReadOptions()).n_slices == 13


def test_computed_from_two_energies_comes_later(tmp_path: Path) -> None:
    virtual = demo_slices(ImageType=["DERIVED", "PRIMARY", "AXIAL", "CT_SOM7 VNC"])
    measured = named(demo_slices()[:12], ImageType=["DERIVED", "PRIMARY", "AXIAL", "CT_SOM7 MIXED"])
    assert reasons(tmp_path, virtual, measured)[1][2] == "also axial CT, but computed from dual-energy data"


def test_a_single_slice_of_another_modality_does_not_suggest_the_folder(tmp_path: Path) -> None:
    (one, *_) = demo_slices(Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    save([one], tmp_path, names=["one.dcm"])
    with pytest.raises(UnreadableInput, match=r"found 1 series: modality MR$"):
        dicom.read(tmp_path / "one.dcm", ReadOptions())
