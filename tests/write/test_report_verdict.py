"""The report's verdict: its three tiers, the figures beside them, and models that have no thresholds."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ichor.cli.screen_messages import verdict
from ichor.findings.verdict import Tier, VerdictFindings
from ichor.models.verdict import Thresholds
from ichor.read.dicom.patient import Patient
from ichor.screening.summary import row_of
from ichor.write.report import Report
from ichor.write.report.page import report_of
from ichor.write.result import Result
from synthetic_reports import PATIENT_MS, result_of, text_of
from synthetic_scans import synthetic_head
from verdict_rules import verdict_rule_of


def result_with(probability: float, *, marked: bool, name: str = "made", rule: bool = True) -> Result:
    """A result of this probability, with or without marks."""
    result = result_of(synthetic_head(blood_at_mm=(38.0, 10.0, 60.0) if marked else None), name)
    of_rule = VerdictFindings.of(probability, marked, verdict_rule_of(0.2, 0.5) if rule else None, 12)
    hemorrhage = result.findings.hemorrhage.model_copy(update={"probability": probability})
    return replace(result, findings=result.findings.model_copy(update={"hemorrhage": hemorrhage, "verdict": of_rule}))


def text_with(folder: Path, result: Result) -> str:
    Report().write(result, folder)
    return text_of(folder / "report.html")


@pytest.mark.parametrize(
    ("probability", "marked", "headline", "said"),
    [
        (0.1, False, "No hemorrhage found", "This does not rule out hemorrhage."),
        (0.3, False, "Hemorrhage possible", "Nothing was outlined on any of 12 slices. Look at those"),
        (0.1, True, "Hemorrhage possible", "Probability 0.10. Marked on"),
        (0.36, True, "Hemorrhage possible", "Probability 0.36. Marked on"),
        (0.9, False, "Hemorrhage suspected", "Nothing was outlined on any of 12 slices. Look at those"),
        (0.9, True, "Hemorrhage suspected", "Probability 0.90. Marked on"),
    ],
)
def test_the_headline_follows_from_probability_and_marks(
    tmp_path: Path, probability: float, marked: bool, headline: str, said: str
) -> None:
    result = result_with(probability, marked=marked)
    text = text_with(tmp_path, result)
    html = (tmp_path / "report.html").read_text()
    assert re.findall(r"<h1>(.*?)</h1>", html) == [headline]
    assert f'<section class="verdict {result.findings.tier.value}">' in html
    assert said in text


def test_thresholds_sensitivity_and_specificity_are_shown_with_it(tmp_path: Path) -> None:
    text = text_with(tmp_path, result_with(0.36, marked=True))
    assert "Hemorrhage possible 0.20, or anything marked 95 % (85 to 99 %) 60 % (50 to 70 %)" in text
    assert "Hemorrhage suspected 0.50 80 % (70 to 90 %) 92 % (88 to 96 %)" in text
    assert "on 36 scans with hemorrhage and 46 without" in text


def test_the_command_says_the_tier() -> None:
    said = {
        (0.1, False): "no hemorrhage found (probability 0.10)",
        (0.3, False): "hemorrhage possible (probability 0.30), nothing outlined",
        (0.9, False): "hemorrhage suspected (probability 0.90), nothing outlined",
    }
    for (probability, marked), line in said.items():
        assert verdict(result_with(probability, marked=marked).findings).split(";")[0] == line
    assert verdict(result_with(0.36, marked=True).findings).startswith("hemorrhage possible (probability 0.36), 3")


def test_the_summary_has_the_tier() -> None:
    row = row_of("made", "done", result_with(0.36, marked=True).findings)
    assert (row["verdict"], row["present"]) == ("possible", "yes")


def test_a_model_without_thresholds_has_two_verdicts_with_an_explanation(tmp_path: Path) -> None:
    for marked, tier in ((True, Tier.SUSPECTED), (False, Tier.NONE)):
        result = result_with(0.36, marked=marked, rule=False)
        assert result.findings.tier is tier
        assert "Hemorrhage is suspected where anything is marked" in text_with(tmp_path, result)


def test_no_red_headline_below_suspected(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENT_MS)
    colours = {}
    for probability in (0.1, 0.36, 0.9):
        result = result_with(probability, marked=probability > 0.1)
        Report().write(result, tmp_path)
        page.goto((tmp_path / "report.html").as_uri())
        colours[result.findings.tier] = page.locator("h1").evaluate("one => getComputedStyle(one).color")
    page.close()
    assert colours[Tier.SUSPECTED] == "rgb(163, 33, 27)" and len(set(colours.values())) == 3


def test_each_printed_page_names_the_scan_and_the_patient_only_where_asked() -> None:
    patient = Patient(name="DOE, JANE", birth_date="1961-01-01", study_date=None)
    plain, named = (report_of(replace(result_with(0.9, marked=True), patient=one)) for one in (None, patient))
    running = re.search(r"@top-left { content: (.*?); }", plain)
    assert running is not None and running[1] == '"made"'
    assert '@top-left { content: "made\\2c  DOE\\2c  JANE"; }' in named
    for page in (plain, named):
        assert '@top-right { content: "Research use only\\3b  not a medical device\\2e "; }' in page
    hostile = report_of(result_with(0.9, marked=True, name='"}</style><b>' + "x" * 200))
    assert hostile.count("</style>") == 1


def test_rates_of_whole_scans_are_not_shown_for_a_single_slice() -> None:
    result = result_with(0.36, marked=True)
    one = result.findings.scan.model_copy(update={"n_slices": 1})
    html = report_of(replace(result, findings=result.findings.model_copy(update={"scan": one})))
    assert "Hemorrhage suspected" in html
    assert "How often they are right on a single slice has not been measured." in html
    assert "92 %" not in html and "Specificity" not in html


def test_rates_of_single_slices_are_shown_for_a_single_slice() -> None:
    result, higher = result_with(0.36, marked=True), verdict_rule_of(0.4, 0.7)
    own = Thresholds(possible=higher.possible, suspected=higher.suspected)
    rule = verdict_rule_of(0.2, 0.5).model_copy(update={"single_slice": own})
    one = {
        "scan": result.findings.scan.model_copy(update={"n_slices": 1}),
        "verdict": VerdictFindings.of(0.36, True, rule, 1),
    }
    html = report_of(replace(result, findings=result.findings.model_copy(update=one)))
    assert "<td>0.40, or anything marked</td><td>95 % (85 to 99 %)</td>" in html
    assert "on 36 single slices with hemorrhage and 46 without" in html
    assert "has not been measured" not in html
