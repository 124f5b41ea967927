"""The page on the literature agrees with its data and the results."""

from __future__ import annotations

import yaml

from ichor.experiments.config import load_config
from paths import ROOT
from study import study


def test_the_page_is_up_to_date() -> None:
    done = study("literature")
    told = "run `.venv/bin/python -m studies.literature > docs/explanation/literature.md`"
    assert done.returncode == 0, done.stderr
    assert (ROOT / "docs" / "explanation" / "literature.md").read_text(encoding="utf-8") == done.stdout, told


def test_the_papers_tables_are_complete() -> None:
    data = yaml.safe_load((ROOT / "docs" / "explanation" / "literature.yaml").read_text(encoding="utf-8"))
    assert (len(data["detection"]), len(data["segmentation"])) == (14, 6)
    sizes = [
        one[part] for table in ("detection", "segmentation") for one in data[table] for part in ("training", "testing")
    ]
    assert all(set(size) in ({"all"}, {"with", "without"}) for size in sizes)
    cited = {key for table in ("detection", "segmentation") for one in data[table] for key in one["references"]}
    assert cited == set(data["references"]) == set(range(6, 27))


def test_every_committed_result_has_its_row() -> None:
    page = (ROOT / "docs" / "explanation" / "literature.md").read_text(encoding="utf-8")
    for file in (ROOT / "results").glob("*/metrics.json"):
        assert page.count(f"(../../results/{file.parent.name}/README.md)") == 3


def test_every_method_of_the_review_is_linked() -> None:
    page = (ROOT / "docs" / "explanation" / "literature.md").read_text(encoding="utf-8")
    configs = {file.stem for file in (ROOT / "src/ichor/experiments/configs/literature").glob("*.yaml")}
    data = yaml.safe_load((ROOT / "docs" / "explanation" / "literature.yaml").read_text(encoding="utf-8"))
    systems = {name for table in ("detection", "segmentation") for one in data[table] for name in one["systems"]}
    assert configs & systems
    for name in configs & systems:
        assert f"[`{load_config(f'literature/{name}').method}`](../../src/ichor/methods/" in page
