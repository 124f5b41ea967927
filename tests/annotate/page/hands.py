"""A reader's hands on the page: where a pixel of the scan is on the screen, and mouse and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import APIResponse, Page, expect

PATIENT_MS = 60_000
POLL_MS = 100
Points = Sequence[tuple[float, float]]


@dataclass
class Hands:
    """Works the reading view of a scan of `rows` x `columns` pixels of `pixel_mm`, fitted to its place."""

    page: Page
    rows: int
    columns: int
    pixel_mm: tuple[float, float] = (1.0, 1.0)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where the pixel coordinates (x along columns, y along rows) are on the screen, reckoned without the page."""
        box = self.page.locator(".stage .overlay").first.bounding_box()
        assert box is not None
        row_mm, column_mm = self.pixel_mm
        per_mm = min(box["width"] / (self.columns * column_mm), box["height"] / (self.rows * row_mm))
        left = box["x"] + box["width"] / 2 + (x - self.columns / 2) * column_mm * per_mm
        top = box["y"] + box["height"] / 2 + (y - self.rows / 2) * row_mm * per_mm
        return left, top

    def point(self, x: float, y: float) -> None:
        """Move the mouse to pixel coordinates."""
        self.page.mouse.move(*self.place(x, y))

    def drag(self, points: Points, *, steps: int = 6, button: Any = "left") -> None:
        """Press at the first point, move over the others, let go."""
        self.point(*points[0])
        self.page.mouse.down(button=button)
        for x, y in points[1:]:
            self.page.mouse.move(*self.place(x, y), steps=steps)
        self.page.mouse.up(button=button)

    def outline(self, points: Points) -> None:
        """Draw a freehand outline."""
        self.page.keyboard.press("o")
        self.drag([*points, points[0]])

    def polygon(self, points: Points, *, double_click: bool = False) -> None:
        """Click the corners of a polygon and close it, with a double click on the last corner or with Enter."""
        self.page.keyboard.press("p")
        for x, y in points[:-1]:
            self.page.mouse.click(*self.place(x, y))
        last = self.place(*points[-1])
        if double_click:
            self.page.mouse.dblclick(*last)
        else:
            self.page.mouse.click(*last)
            self.page.keyboard.press("Enter")

    def to_slice(self, number: int) -> None:
        """Go to a slice by its thumbnail, counted from 1."""
        self.page.locator(f".thumb[data-slice='{number - 1}']").click()
        expect(self.page.locator("[data-hud=slice] b")).to_have_text(str(number), timeout=PATIENT_MS)

    def saved(self) -> None:
        """Wait until the page says that all is saved."""
        expect(self.page.locator("#saved")).to_have_text("All changes saved", timeout=PATIENT_MS)

    def drawn(self, number: int, label: int, scan: int = 1) -> None:
        """Wait until the server has the label in a slice (counted from 1): what follows an answer is drawn later."""
        for _ in range(PATIENT_MS // POLL_MS):
            if (self.map_of(number, scan) == label).any():
                return self.saved()
            self.page.wait_for_timeout(POLL_MS)
        raise AssertionError(f"label {label} was not drawn in slice {number}")

    def layer(self, scan: int = 1, layer: str = "mine") -> dict[str, Any]:
        """The layer as the server has it now."""
        found: dict[str, Any] = asked(self.page, f"scans/{scan}/layers/{layer}").json()
        return found

    def map_of(self, number: int, scan: int = 1, layer: str = "mine") -> NDArray[np.uint8]:
        """The label map of a slice (counted from 1) as the server has it; zeros where nothing was drawn."""
        one = self.layer(scan, layer)["slices"].get(str(number - 1))
        if one is None:
            return np.zeros((self.rows, self.columns), np.uint8)
        labels, lengths = one["runs"][::2], one["runs"][1::2]
        return np.repeat(np.array(labels, np.uint8), lengths).reshape(self.rows, self.columns)


def asked(page: Page, path: str, status: int = 200) -> APIResponse:
    """What the server answers to the page's reader under /api/."""
    address, _, reader = page.evaluate("location.href.split('#')[0]").partition("?reader=")
    answer = page.request.get(f"{address}api/{path}", headers={"ichor-reader": reader})
    assert answer.status == status, answer.text()
    return answer


def inside(points: Points, rows: int, columns: int) -> NDArray[np.bool_]:
    """The pixels whose centre lies in a polygon (even-odd)."""
    y, x = np.mgrid[:rows, :columns] + 0.5
    found = np.zeros((rows, columns), bool)
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        if y0 != y1:
            found ^= ((y0 <= y) != (y1 <= y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return found


def near(points: Points, rows: int, columns: int, distance: float) -> NDArray[np.bool_]:
    """The pixels whose centre lies within a distance of a polygon's edge, in pixels."""
    y, x = np.mgrid[:rows, :columns] + 0.5
    found = np.zeros((rows, columns), bool)
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2), 0, 1)
        found |= np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)) <= distance
    return found


def assert_drawn(drawn: NDArray[Any], points: Points, label: int, *, within: float = 1.0) -> None:
    """The label fills the polygon and is nowhere else, up to pixels at its edge: the mouse moves in screen pixels."""
    rows, columns = drawn.shape
    edge = near(points, rows, columns, within)
    assert (drawn == label).any()
    assert np.array_equal((drawn == label)[~edge], inside(points, rows, columns)[~edge])
