"""The two pages over several runs, and the command that writes them."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

import warm
from ichor.pages.overview import write_overview
from synthetic_ct_ich import write_ct_ich
from synthetic_metrics import synthetic_metrics, write_run

PATIENT_MS = 120_000  # on a machine that is busy with other work
PICTURES = ("roc", "slices")


def written_runs(folder: Path) -> list[Path]:
    """One run beside each experiment of the paper, one of them reduced, and two beside the third."""
    threshold = synthetic_metrics("paper-threshold", dice=0.13, auc=0.5)
    threshold["made_by"]["chosen"] = {str(fold): {"lower": 139 + fold, "upper": 230} for fold in range(1, 6)}
    reduced = synthetic_metrics("paper-unet-full-reduced", dice=0.2, reduced=True, folds=(2,))
    return [
        write_run(folder / "paper-threshold", threshold),
        write_run(folder / "paper-unet-full-reduced", reduced, PICTURES[:1]),
        write_run(folder / "paper-unet-tiles", synthetic_metrics(), PICTURES),
        write_run(folder / "compact", synthetic_metrics("compact", dice=0.5, folds=(1,))),
    ]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    (folder / "bench.md").write_text("# Speed and memory\n")
    (folder / "dataset").mkdir()
    (folder / "dataset" / "dataset.md").write_text("# The dataset\n")
    write_overview(written_runs(folder), folder)
    return folder


def test_the_readme_compares_every_run_with_the_paper(results: Path) -> None:
    page = (results / "README.md").read_text()
    for name in ("paper-threshold", "paper-unet-tiles", "compact"):
        assert f"[{name}]({name}/README.md)" in page
    assert "- [Speed and memory](bench.md)\n- [The dataset](dataset/dataset.md)\n" in page
    assert "[All results on one page](results.html)" in page
    assert "(**reduced, fold 2 of 5**)" in page and "(**fold 1 of 5**)" in page
    assert "| Dice coefficient | 0.135 | 0.130 (0.080 to 0.180), reproduced |" in page
    assert "| Dice coefficient of black masks | 0 | 0.200 (0.150 to 0.250), better |" in page
    assert "| number | paper | compact (fold 1 of 5) | paper-unet-tiles |" in page
    assert re.search(r"compact/README.md.*\| \d+ better, \d+ reproduced and \d+ worse \|$", page, re.MULTILINE)
    dice = "| Dice coefficient, average | 0.315 | 0.500 (0.450 to 0.550), better | 0.330 (0.280 to 0.380), reproduced |"
    assert dice in page
    assert (
        "gray 140 to 230. paper-threshold: Calibrated without the test subjects: fold 1 lower 140 and upper 230"
        in " ".join(page.split())
    )
    assert "Research use only; not a medical device." in page and "doi:10.13026/w8q8-ky94" in page


def test_parameters_equal_in_all_folds_are_stated_once(tmp_path: Path) -> None:
    metrics = synthetic_metrics("paper-threshold")
    metrics["made_by"]["chosen"] = {str(fold): {"lower": 140, "upper": 230} for fold in range(1, 6)}
    write_overview([write_run(tmp_path / "run", metrics)], tmp_path)
    page = " ".join((tmp_path / "README.md").read_text().split())
    assert "Calibrated without the test subjects: lower 140 and upper 230 in every fold." in page


def test_the_html_has_the_papers_tables_of_the_dataset(tmp_path: Path) -> None:
    data = write_ct_ich(tmp_path / "ct-ich", {"049": 1, "050": 0}, n_slices=2)
    words = [sys.executable, "-m", "ichor", "dataset", "describe", str(data), "--out", str(tmp_path / "dataset")]
    subprocess.run(words, check=True, capture_output=True)
    write_overview([write_run(tmp_path / "run", synthetic_metrics())], tmp_path)
    html = (tmp_path / "results.html").read_text()
    assert '<a href="#dataset">The dataset</a>' in html and "<h2>The dataset: ct-ich 1.0.0</h2>" in html
    assert "Table 3 of the paper: subjects" in html and "Table 4 of the paper: slices" in html
    assert re.search(r"<th scope=.row.>Subjects</th>\s*<td[^>]*>82</td>\s*<td[^>]*>2 \*</td>", html)
    assert "* Subjects: 80 of the paper" in html
    (tmp_path / "dataset" / "dataset.json").write_text("[]")
    done = ichor(tmp_path / "run", "--out", tmp_path)
    assert done.returncode == 2
    assert "dataset.json: expected what `ichor dataset describe --out` writes" in " ".join(done.stderr.split())


def test_links_lead_to_runs_in_other_folders(tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs" / "one", synthetic_metrics())
    write_overview([run], tmp_path / "pages")
    assert "[one](../runs/one/README.md)" in (tmp_path / "pages" / "README.md").read_text()


def test_the_html_is_self_contained_and_small(results: Path) -> None:
    file = results / "results.html"
    html = file.read_text()
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert {found.split(":")[0] for found in re.findall(r'src="([^"]{0,22})', html)} == {"data"}
    assert {found[:1] for found in re.findall(r'href="([^"]*)"', html)} == {"#"}
    assert "url(" not in html and "@import" not in html and "<script" not in html
    assert file.stat().st_size < 1_000_000
    assert html.count("Research use only; not a medical device.") == 2
    assert html.count("<img ") == 3
    assert 'alt="What slices shows."' in html and "Caption of slices." in html


def test_a_large_picture_is_made_light(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", synthetic_metrics(), ("noise",))
    picture = run / "figures" / "noise.png"
    Image.effect_noise((2400, 1600), 80).convert("RGB").save(picture)
    write_overview([run], tmp_path)
    (encoded,) = re.findall(r"data:image/webp;base64,([^\"]+)", (tmp_path / "results.html").read_text())
    shown = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert shown.width == 1600 and len(encoded) < picture.stat().st_size / 4


def test_names_are_shown_as_given_and_run_nothing(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", synthetic_metrics("<script>alert(1)</script>|"))
    write_overview([run], tmp_path)
    assert "<script" not in (tmp_path / "results.html").read_text()


def test_the_same_runs_give_the_same_pages(tmp_path: Path) -> None:
    runs = written_runs(tmp_path)
    pages = []
    for out in (tmp_path / "a", tmp_path / "b"):
        write_overview(runs, out)
        pages.append([(out / name).read_bytes() for name in ("README.md", "results.html")])
    assert pages[0] == pages[1]


def ichor(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return warm.ichor("results", *words)


def test_the_command_writes_both_pages(tmp_path: Path) -> None:
    done = ichor(*written_runs(tmp_path), "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "README.md").exists() and (tmp_path / "results.html").exists()
    assert f"{tmp_path / 'results.html'}: all tables and figures on one page" in done.stdout


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "No such file"),
        ("{", "Expecting property name"),
        ("[]", "found a list"),
        ("{}", "found no experiment"),
        (json.dumps(synthetic_metrics() | {"made_by": {"command": "x"}}), "found no made_by.hardware"),
        (json.dumps(synthetic_metrics() | {"folds": "all"}), "folds: input should be a valid list"),
    ],
)
def test_a_folder_without_figures_is_reported_in_one_line(tmp_path: Path, content: str | None, found: str) -> None:
    run = tmp_path / "run"
    run.mkdir()
    if content is not None:
        (run / "metrics.json").write_text(content)
    done = ichor(run, "--out", tmp_path / "out")
    assert done.returncode == 2 and not (tmp_path / "out").exists()
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"ichor: {run / 'metrics.json'}: expected the figures of a run") and found in line


def test_an_invalid_picture_is_reported_in_one_line(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", synthetic_metrics(), ("roc",))
    picture = run / "figures" / "roc.png"
    picture.write_text("no picture")
    broken = ichor(run, "--out", tmp_path)
    picture.unlink()
    gone = ichor(run, "--out", tmp_path)
    for done in (broken, gone):
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
        assert f"ichor: {picture}: expected a picture, found" in done.stderr


def test_a_file_in_place_of_the_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", synthetic_metrics())
    (tmp_path / "out").touch()
    done = ichor(run, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr == f"ichor: {tmp_path / 'out'}: expected a folder to write into, found a file\n"


def opened(browser: Browser, file: Path, width: int, height: int = 900) -> tuple[Page, list[str]]:
    """The page without scripts in a window, and what went wrong or went out while it was opened."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(PATIENT_MS)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(file.as_uri())
    return page, complaints


@pytest.mark.parametrize(("width", "height"), [(400, 800), (1280, 900), (3840, 2160)])
def test_in_chromium_it_fits_every_width(browser: Browser, results: Path, width: int, height: int) -> None:
    page, complaints = opened(browser, results / "results.html", width, height)
    loaded = page.evaluate("[...document.images].map(one => one.complete && one.naturalWidth > 50)")
    assert len(loaded) == 3 and all(loaded)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.get_by_role("heading", name="Results on ct-ich").is_visible()
    # What is wider than the window moves in its own frame, and the text is large enough to read.
    assert page.evaluate("[...document.querySelectorAll('table')].every(t => t.parentElement.matches('.scrolled'))")
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= (24 if width > 3000 else 14)
    assert complaints == []
    page.close()


def test_in_chromium_every_link_leads_somewhere(browser: Browser, results: Path) -> None:
    page, _ = opened(browser, results / "results.html", 1280)
    assert page.evaluate("[...document.links].length") > 8
    assert page.evaluate("[...document.links].every(a => document.querySelector(a.getAttribute('href')))")
    page.close()


def test_in_chromium_it_is_readable_in_the_dark(browser: Browser, results: Path) -> None:
    page, _ = opened(browser, results / "results.html", 1280)
    brightness = (
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(brightness) < 120
    page.emulate_media(color_scheme="light")
    assert page.evaluate(brightness) == 3 * 255
    page.close()


def test_in_chromium_it_prints(browser: Browser, results: Path) -> None:
    page, _ = opened(browser, results / "results.html", 1280)
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", print_background=True)))
    assert 5 <= pages <= 40
    page.close()
