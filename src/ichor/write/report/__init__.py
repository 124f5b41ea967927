"""report.html: one self-contained page that says what was found of a scan, to look at and to print.

`pictures` makes the slices and outlines, `plot` the probability along the head, `page.html.j2` and
`style.css` lay them out. The page needs no network and no JavaScript, and forbids itself both.
"""

from ichor.write.report.page import write_report

__all__ = ["write_report"]
