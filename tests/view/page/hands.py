"""A reader's hands on a result: where a pixel is on the screen, and what the page shows there."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page, expect


def open_result(page: Page, name: str) -> None:
    """Click a result in the list and wait for its picture."""
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.locator(".result")).to_be_visible()
    expect(page.locator("main[data-ready]")).to_be_attached()


def settle(page: Page) -> None:
    """Wait until what changed has been drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@dataclass
class Hands:
    """Works a result of `rows` x `columns` pixels of `pixel_mm`, fitted to its place."""

    page: Page
    rows: int = 64
    columns: int = 64
    pixel_mm: tuple[float, float] = (3.2, 3.2)

    def place(self, i: float, j: float) -> tuple[float, float]:
        """Where the middle of the pixel at row i and column j is on the screen, reckoned without the page."""
        box = self.page.locator(".axial canvas").first.bounding_box()
        assert box is not None
        row_mm, column_mm = self.pixel_mm
        per_mm = min(box["width"] / (self.columns * column_mm), box["height"] / (self.rows * row_mm))
        x = box["x"] + box["width"] / 2 + (j + 0.5 - self.columns / 2) * column_mm * per_mm
        return x, box["y"] + box["height"] / 2 + (i + 0.5 - self.rows / 2) * row_mm * per_mm

    def drag(self, from_: tuple[float, float], to: tuple[float, float], button: str = "left") -> None:
        """Press at one place of the screen and let go at another."""
        self.page.mouse.move(*from_)
        self.page.mouse.down(button=button)  # type: ignore[arg-type]
        self.page.mouse.move(*to, steps=5)
        self.page.mouse.up(button=button)  # type: ignore[arg-type]
        settle(self.page)

    def hud(self, corner: str) -> str:
        """What stands in a corner of the slice."""
        settle(self.page)
        return self.page.locator(f".axial [data-hud={corner}]").first.inner_text()

    def colour(self, i: float, j: float) -> tuple[int, int, int]:
        """The colour drawn on the screen at a pixel."""
        settle(self.page)
        x, y = self.place(i, j)
        box = self.page.locator(".axial canvas").first.bounding_box()
        assert box is not None
        found = self.page.evaluate(
            "([x, y]) => { const c = document.querySelector('.axial canvas'); const r = c.width / c.clientWidth;"
            "return [...c.getContext('2d').getImageData(x * r, y * r, 1, 1).data]; }",
            [x - box["x"], y - box["y"]],
        )
        return found[0], found[1], found[2]
