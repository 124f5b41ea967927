"""What is known of the two releases of ct-ich."""

from __future__ import annotations

from ichor.dataset.ct_ich.release import PAPER, RELEASES, TITLE
from ichor.dataset.facts import EVERY_LABEL, Benchmark, Facts, Licence

_PAPERS = (
    Benchmark(
        "Hssayeni et al. 2019, U-Net on tiles",
        "Dice 0.31, Jaccard 0.218",
        "the authors' 5 folds; mean over slices with hemorrhage, then over 35 subjects (070 left out)",
        "arXiv:1910.08643, section 6",
    ),
)
_TRAPS = (
    "Several datasets on the web are copies of it under other names; `ichor dataset overlaps` finds them.",
    "A split by slice puts slices of the same head into both the training and the test set; the authors' folds are by "
    "subject.",
    "The outlines do not distinguish the subtypes on a slice, so the subtype of a voxel is unknown.",
    "27 of its 82 subjects are children.",
)

FACTS = {
    "1.0.0": Facts(
        kind="ct-ich",
        title=f"ct-ich 1.0.0: {TITLE}",
        size="82 scans (36 with hemorrhage), 2,501 slices",
        labels=EVERY_LABEL,
        licence=Licence(
            "CC BY 4.0",
            "https://creativecommons.org/licenses/by/4.0/",
            commercial=True,
            share_weights=True,
            note="Name the authors.",
        ),
        source="https://physionet.org/content/ct-ich/1.0.0/",
        citation=f"{RELEASES['1.0.0'].citation}. {PAPER}",
        layout="Patients_CT/NNN/{brain,bone}/k.jpg, hemorrhage_diagnosis.csv",
        traps=(
            *_TRAPS,
            "It has two 8-bit gray windows: HU values are coarse outside of -20 to 100, and pixel sizes are nominal.",
        ),
        benchmarks=_PAPERS,
    ),
    "1.3.1": Facts(
        kind="ct-ich",
        title=f"ct-ich 1.3.1: {TITLE}",
        size="75 scans (36 with hemorrhage); 059 to 065 have no images",
        labels=EVERY_LABEL,
        licence=Licence(
            "PhysioNet Restricted Health Data License 1.5.0",
            "https://physionet.org/content/ct-ich/view-license/1.3.1/",
            commercial=None,
            share_weights=None,
            on_request=True,
            note="For lawful scientific research by people who have signed it; the data may not be passed on.",
        ),
        source="https://physionet.org/content/ct-ich/1.3.1/",
        citation=f"{RELEASES['1.3.1'].citation}. {PAPER}",
        layout="ct_scans/NNN.nii, masks/NNN.nii, hemorrhage_diagnosis_raw_ct.csv",
        traps=(*_TRAPS, "Its subjects are those of 1.0.0: never train on one release and test on the other."),
        benchmarks=(),
    ),
}
