"""What a hospital sees: the objects on Orthanc, and OHIF showing the Segmentation on the slices that it was made on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from scipy import ndimage

from dicom_exact import masks_of
from ichor.screening.screener import Screener
from ichor.write.dicom_seg import DESCRIPTION, SUBTYPES_DESCRIPTION
from ichor.write.result import Result
from ohif import ohif_of
from orthanc import Orthanc

PATIENT_MS = 180_000  # on a machine that is busy with other work

# Of the segmentation with that label the pixels (row by row) of each segment on each slice, by its SOP Instance UID, as
# the viewer holds them.
HELD = """label => {
  const found = {};
  const [one] = cornerstoneTools.segmentation.state.getSegmentations().filter(one => one.label === label);
  for (const id of one.representationData.Labelmap.imageIds) {
    const image = cornerstone.cache.getImage(id);
    const slice = found[image.referencedImageId.split("/instances/")[1].split("/")[0]] ??= {};
    image.voxelManager.getScalarData().forEach((value, k) => value && (slice[value] ??= []).push(k));
  }
  return found;
}"""
SHOWS = "n => cornerstoneTools.segmentation.state.getSegmentations().length === n"
VIEWPORT = (
    "services.cornerstoneViewportService.getCornerstoneViewport(services.viewportGridService.getActiveViewportId())"
)
GO_TO = """uid => {
  const viewport = (VIEWPORT);
  return viewport.setImageIdIndex(viewport.getImageIds().findIndex(id => id.includes(uid)));
}"""
# Where the centres of pixels [column, row] of the slice are on the canvas.
ON_CANVAS = """points => {
  const viewport = (VIEWPORT);
  const to = point => cornerstone.utilities.imageToWorldCoords(viewport.getCurrentImageId(), point);
  return points.map(point => Array.from(viewport.worldToCanvas(to(point))));
}"""


@pytest.fixture(scope="module")
def result(ge_head: Path) -> Result:
    """The tilted head of uneven spacing: the shipped model marks four subtypes' lesions on it, rightly or not."""
    return Screener().screen(ge_head)


@pytest.fixture
def page(result: Result, ge_head: Path, orthanc: Orthanc, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """OHIF with the study open, and its Segmentation loaded."""
    made = result.save(tmp_path / "out", ["dicom-seg", "dicom-sr", "dicom-sc"])
    orthanc.store([*sorted(ge_head.glob("*.dcm")), *sorted(made.glob("*.dcm"))])
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(PATIENT_MS)
    with ohif_of(orthanc) as address:
        page.goto(f"{address}/viewer?StudyInstanceUIDs={result.scan.source.study_uid}")
        page.get_by_text("Skip all").click()
        page.get_by_text("Confirm and hide").click()
        for n, series in enumerate((600, 604), 1):
            page.locator(f"[data-series='{series}']").dblclick()
            page.get_by_role("button", name="Yes").click()
            page.wait_for_function(SHOWS, arg=n)
        yield page
        page.close()


@pytest.mark.ohif
def test_ohif_holds_and_shows_each_segment_on_its_slice(page: Page, result: Result) -> None:
    text = page.inner_text("body")
    assert "Hemorrhage report, AI; research use only" in text
    assert "Hemorrhage, AI, key slices; research use only" in text
    for file, label in (("segmentation.dcm", DESCRIPTION), ("subtypes.dcm", SUBTYPES_DESCRIPTION)):
        held, masks = page.evaluate(HELD, label), masks_of(result)[file]
        found = np.zeros_like(masks)
        for uid, segments in held.items():
            on_slice = found[result.scan.source.instance_uids.index(uid)].reshape(-1, masks.shape[-1])
            for number, pixels in segments.items():
                on_slice[pixels, int(number) - 1] = True
        assert len(held) == 28 and np.array_equal(found, masks) and masks.any(axis=(0, 1, 2)).all()
    mask = masks_of(result)["segmentation.dcm"][..., 0]
    for k in np.argsort(-mask.sum(axis=(1, 2)))[:3]:
        assert_shown(page, result.scan.source.instance_uids[k], mask[k])


def assert_shown(page: Page, uid: str, mask: np.ndarray) -> None:
    """The colored pixels of the picture are those of the mask, to a pixel of the slice."""
    page.evaluate(GO_TO.replace("VIEWPORT", VIEWPORT), uid)
    page.wait_for_timeout(1500)
    inside = np.argwhere(ndimage.binary_erosion(mask, iterations=2))
    outside = np.argwhere(ndimage.binary_dilation(mask, iterations=12) & ~ndimage.binary_dilation(mask, iterations=4))
    picture = np.asarray(Image.open(io.BytesIO(page.locator("canvas").first.screenshot())).convert("RGB"), int)
    colored = np.ptp(picture, axis=-1) > 20
    assert len(inside) > 50
    assert colored_share(page, colored, inside) > 0.98 and colored_share(page, colored, outside) < 0.02


def colored_share(page: Page, colored: np.ndarray, pixels: np.ndarray) -> float:
    points: Any = page.evaluate(ON_CANVAS.replace("VIEWPORT", VIEWPORT), pixels[:, ::-1].tolist())
    x, y = np.rint(points).astype(int).T
    return float(colored[y, x].mean())
