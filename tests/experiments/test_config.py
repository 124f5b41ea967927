from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from ichor.errors import BadConfig
from ichor.experiments.config import load_config

CONFIGS = Path(str(files("ichor.experiments"))) / "configs"


@pytest.mark.parametrize("file", sorted(CONFIGS.rglob("*.yaml")), ids=lambda f: f.stem)
def test_every_shipped_config_loads_by_name(file: Path) -> None:
    name = file.relative_to(CONFIGS).with_suffix("").as_posix()
    assert load_config(name) == load_config(str(file))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nmethod: threshold\nfoldd: 1\n", "foldd: extra inputs are not permitted"),
        ("name: x\nmethod: threshold\nfold: 6\n", "fold: input should be less than or equal to 5"),
        ("name: x\nmethod: nothing\n", "expected a method among"),
        ("name: x\nmethod: unet-slices\nsettings: {depth: 3}\n", "depth: extra inputs"),
        ("name: x\nmethod: unet-slices\nsettings: {training: {epoch: 3}}\n", r"training\.epoch: extra inputs"),
        ("name: [\n", "expected an experiment's configuration"),
        ("- 1\n", "expected an experiment's configuration"),
    ],
)
def test_a_wrong_config_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(BadConfig, match=message) as caught:
        load_config(str(file))
    assert "\n" not in str(caught.value)


def test_no_such_config() -> None:
    with pytest.raises(BadConfig, match=r"none: expected a YAML file or one of compact, .*, found neither"):
        load_config("none")
