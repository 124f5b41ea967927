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
        ("name: x\nmethod: unet-slices\nsettings: {training: {slice_loss: 0}}\n", "slice_loss above 0"),
        ("name: x\nmethod: unet-tiles\nsettings: {size: 650}\n", "tiles of 160 at stride 80 cover, found 650"),
        ("name: x\nmethod: threshold\nsettings: {upper: [210, 300]}\n", "less than or equal to 255"),
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


def test_defaults_are_written_out() -> None:
    settings = load_config("paper/threshold").settings
    assert settings == {"lower": [100, 210], "upper": [210, 255], "step": 5, "morphology": False}
    assert load_config("compact").settings["mirror"] is True


def test_the_papers_tiles_are_trained_as_the_paper_says() -> None:
    settings = load_config("paper/unet-tiles").settings
    assert (settings["width"], settings["size"], settings["tile"], settings["stride"]) == (64, 640, 160, 80)
    training = settings["training"]
    assert (training["epochs"], training["batch"], training["learning_rate"]) == (150, 32, 1e-5)
    assert (training["optimizer"], training["schedule"], training["loss"]) == ("adam", "inverse-time", "cross-entropy")
    augmentation = training["augmentation"]
    assert (augmentation["rotation_deg"], augmentation["shift"]) == (20, 0.1)
    assert (augmentation["shear_deg"], augmentation["zoom"], augmentation["flip"]) == (0.1, 0.2, False)


def test_no_such_config() -> None:
    with pytest.raises(BadConfig, match=r"none: expected a YAML file or one of .*compact, .*, found neither"):
        load_config("none")
