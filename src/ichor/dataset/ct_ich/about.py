"""What a result on ct-ich 1.0.0, or the card of a model that was trained on it, says of the dataset."""

from __future__ import annotations

from ichor.dataset.about import KnownDataset
from ichor.dataset.ct_ich.dataset import DEMONSTRATION_SUBJECT

ABOUT = KnownDataset(
    kind="ct-ich",
    name="ct-ich",
    release="ct-ich 1.0.0 (Hssayeni et al. 2019)",
    citation=(
        "Hssayeni M (2019). Computed Tomography Images for Intracranial Hemorrhage Detection and Segmentation, "
        "version 1.0.0. PhysioNet. doi:10.13026/w8q8-ky94, CC BY 4.0"
    ),
    limits="""Trained on one hospital's scanner and 5 mm slices; 27 of the dataset's 82 subjects are children.
Thin rims along the skull, faint blood and old, hypodense blood are hard on this dataset; the falx, venous sinuses and
bone in partial volume look like blood. Contrast-enhanced scans, metal, recent surgery and slices thinner than 2 mm were
never seen. Lengths of ct-ich are nominal (0.33 mm, 5 mm) and may be short, so volumes in mL of such scans may be 20 to
40 % low.""",
    weights_licence="""Weights derive from ct-ich 1.0.0, CC BY 4.0: Hssayeni M. (2019), Computed Tomography Images for
Intracranial Hemorrhage Detection and Segmentation, PhysioNet, doi:10.13026/w8q8-ky94. Paper: arXiv:1910.08643.""",
    demonstration_subject=DEMONSTRATION_SUBJECT,
    of_the_paper=True,
)
