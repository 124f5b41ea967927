"""What a run's page says where somebody wrote about it, and where nobody did."""

from __future__ import annotations

from ichor.pages.run_tables import results_page
from ichor.runs.about import AboutRun, Link
from synthetic_metrics import synthetic_metrics

ABOUT = AboutRun(
    title="A title",
    description="A sentence.",
    design="The recipe\nwas found by hand, and has <!-- figure: dice -->0.5<!-- end -->.",
    limits="It fails here.\n\nAnd there.",
    links=(Link(name="More", path="../more/README.md", says="what is meant"), Link(name="Bare", path="bare.md")),
)


def test_the_page_has_the_description_of_the_run() -> None:
    page = results_page(synthetic_metrics(reduced=True), (), ABOUT)
    assert page.startswith("# A title (reduced)\n\nA sentence.\n\n")
    assert "\n\nThe recipe was found by hand, and has 0.5.\n\n" in page and "<!--" not in page
    assert "\n\n## Limitations\n\nIt fails here.\n\nAnd there.\n\n## How it was made\n" in page
    assert page.endswith("\n\n## See also\n\n- [More](../more/README.md): what is meant\n- [Bare](bare.md)\n")


def test_a_run_without_a_description_gets_a_page_without_those_sections() -> None:
    metrics = synthetic_metrics()
    page = results_page(metrics)
    assert page.startswith(f"# {metrics['experiment']}\n\nMethod `")
    for section in ("Limitations", "See also"):
        assert section not in page
