"""The Markdown of a run: its tables beside the paper's, its sentences, and what a poorer metrics.json leaves out."""

from __future__ import annotations

import re

import pytest

from ichor.pages.pictures.drawn import DrawnFigure
from ichor.pages.run_tables import figures_table, results_page, subjects_table
from synthetic_metrics import figure, synthetic_metrics


def row(page: str, start: str, after: str = "") -> list[str]:
    """The cells of the first table row that starts so, below a heading."""
    (line, *_) = [line for line in page[page.index(after) :].splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def text(page: str) -> str:
    """The page without its line breaks."""
    return " ".join(page.split())


def test_the_main_figures_have_interval_number_and_the_papers_figure() -> None:
    table = figures_table(synthetic_metrics(), "this model")
    assert row(table, "figure")[1] == "this model"
    over = "35 subjects, each the mean of its slices with hemorrhage"
    assert row(table, "Dice, paper's average") == ["Dice, paper's average", "0.330", "0.280 to 0.380", over, "0.315"]
    assert row(table, "false-positive mL, 95th percentile")[3] == "46 scans without hemorrhage"


def test_the_threshold_experiment_is_compared_with_the_papers_first() -> None:
    table = figures_table(synthetic_metrics("paper-threshold"))
    assert row(table, "figure")[-1] == "paper, experiment 1"
    assert row(table, "Dice, paper's average")[-1] == "0.135"
    assert row(table, "slice sensitivity, more than 400 px")[-1] == ""


def test_subjects_come_best_first() -> None:
    rows = subjects_table(synthetic_metrics()).splitlines()[2:]
    dice = [float(line.split("|")[2]) for line in rows]
    assert len(dice) == 35 and dice == sorted(dice, reverse=True)


def test_table_5_has_the_papers_columns_next_to_ours() -> None:
    page = results_page(synthetic_metrics())
    head = row(page, "Min", "## Table 5")
    assert head == ["Min", "0", "0.000", "0", "0.000", "50", "0.0", "0", "0.0"]
    average = row(page, "Average", "## Table 5")
    assert average[1::2] == ["0.218", "0.315", "97.28", "50.4"]
    assert average[4] == "0.330 (0.280 to 0.380)" and average[6] == "90.0 (85.0 to 95.0)"


def test_table_6_has_every_way_of_averaging() -> None:
    metrics = synthetic_metrics()
    metrics["by_threshold_per_fold"]["0.7"]["accuracy"] = figure(0.123)
    page = results_page(metrics)
    part = page[page.index("## Table 6") : page.index("## Subtypes")]
    rows = re.findall(r"^\| 0\.7 \|.*$", part, re.MULTILINE)
    assert len(rows) == 3 and all("| 77.6 |" in one and "| 74.5 |" in one and "| 76 |" in one for one in rows)
    assert "12.3 (7.3 to 17.3)" in rows[2] and "12.3" not in rows[0] + rows[1]
    assert part.index("All slices pooled") < part.index("each subject") < part.index("each fold")


def test_subtype_and_age_are_reported_as_in_the_paper() -> None:
    page = results_page(synthetic_metrics())
    assert row(page, "subjects with SDH") == ["subjects with SDH", "0.52", "0.370", "0.320 to 0.420", "4", "worse"]
    said = text(page)
    assert "highest for subjects with EDH: 0.53 (paper 0.35, whose highest is SDH with 0.52), then come IPH" in said
    assert (
        "0.330 under 18 years (12 subjects; paper 0.321) and 0.310 from 18 years on (23 subjects; paper 0.309)" in said
    )
    assert "not significant at 5 % (Mann-Whitney U test, p = 0.62)" in said
    assert "Subjects missed entirely: 2: 070, 082." in said


def test_no_subtype_is_called_the_best_where_nothing_is_found() -> None:
    metrics = synthetic_metrics()
    metrics["by_subtype"] = {name: figure(0.0) for name in metrics["by_subtype"]}
    said = text(results_page(metrics))
    assert "The Dice is 0 for every subtype; the paper's is highest for subjects with SDH, 0.52." in said


def test_the_operating_point_is_reported_next_to_the_papers() -> None:
    metrics = synthetic_metrics()
    metrics["slice_400px"] |= {"sensitivity": figure(0.876), "specificity": figure(0.543)}
    told = "with a sensitivity of 87.6 % and a specificity of 54.3 %; the paper has 97.28 and 50.4 %."
    assert told in text(results_page(metrics))
    assert "By the 400-pixel rule, such slices" not in text(results_page(synthetic_metrics("paper-threshold")))


def test_a_significant_difference_is_called_so() -> None:
    metrics = synthetic_metrics()
    metrics["by_age_difference"]["mann_whitney_p"]["value"] = 0.003
    assert "The difference is significant at 5 % (Mann-Whitney U test, p = 0.003)" in text(results_page(metrics))


def test_the_page_names_the_subjects_that_overlap_excludes_and_why() -> None:
    page = results_page(synthetic_metrics())
    assert "leave out 070 (its hemorrhage is chronic). Detection counts all." in text(page)
    assert "All leave out 070." in text(page)
    everybody = results_page({**synthetic_metrics(), "excluded_from_overlap": {}})
    assert "without 070" not in everybody and "leave out" not in everybody
    assert row(everybody, "", "## Detection")[1:] == ["slices", "scans"]


def test_detection_is_given_with_and_without_the_excluded_subjects() -> None:
    page = results_page(synthetic_metrics())
    assert row(page, "", "## Detection")[1:] == ["slices", "slices without 070", "scans", "scans without 070"]
    for name in ("sensitivity at 90 % specificity", "average precision", "Brier score", "false lesions per scan"):
        assert name in page
    assert row(page, "0.5 to 2 mL")[1:] == ["0.500 (0.450 to 0.550)", "0.200 (0.150 to 0.250)", "15"]


def test_the_page_says_what_made_it_and_what_it_is_for() -> None:
    said = text(results_page(synthetic_metrics()))
    assert "`ichor crossval paper/unet-tiles --data ct-ich --out RUN` (2.0 hours of training on a made machine" in said
    assert "test folds 1 to 5 of ct-ich: 82 subjects, 2501 slices" in said
    assert "Research use only; not a medical device." in said
    assert "doi:10.13026/w8q8-ky94, CC BY 4.0" in said


def test_a_reduced_run_is_marked_in_title_and_text() -> None:
    page = results_page(synthetic_metrics(reduced=True))
    assert page.startswith("# paper-unet-tiles (reduced)\n") and "This is a reduced run" in page
    assert "reduced" not in results_page(synthetic_metrics())


def test_pictures_are_embedded_with_words() -> None:
    picture = DrawnFigure("roc", "The ROC of slices, n = 2501.", "A curve.")
    page = results_page(synthetic_metrics(), [picture])
    assert "![A curve.](figures/roc.png)\n\nThe ROC of slices, n = 2501.\n" in page
    assert "## Figures" not in results_page(synthetic_metrics())


@pytest.mark.parametrize(
    "absent",
    [
        ("surface", "volume", "lesion", "by_lesion_size"),
        ("table_5", "by_threshold_per_subject", "by_threshold_per_fold"),
        ("without_excluded", "calibration", "slice_sensitivity_by_subtype"),
        ("by_age_difference",),
    ],
)
def test_a_poorer_metrics_json_makes_a_shorter_page(absent: tuple[str, ...]) -> None:
    whole = synthetic_metrics()
    poor = {key: value for key, value in whole.items() if key not in absent}
    null = {key: None if key in absent else value for key, value in whole.items()}
    assert results_page(poor) == results_page(null)
    assert len(results_page(poor)) < len(results_page(whole))


def test_an_undefined_figure_is_reported_as_undefined() -> None:
    metrics = synthetic_metrics()
    metrics["dice"]["paper_average"] = {"value": None, "ci95": None, "n": 0}
    metrics["by_subtype"], metrics["by_age"] = {}, {}
    page = results_page(metrics)
    assert row(page, "Dice, paper's average")[1] == "not defined"
    assert "no tested subject has hemorrhage" in page and "ages cannot be compared" in page
