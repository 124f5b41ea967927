"""node.yaml and the commands beside `run`: what they accept, and one clear line for what they do not."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ichor.cli.node import PACKAGES
from ichor.errors import BadConfig, IchorError
from ichor.node.config import NodeConfig, read_config
from ichor.node.run import check_config
from node_parts import write_config


def ichor(*words: object, expected: int = 0) -> str:
    command = [sys.executable, "-m", "ichor", "node", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stderr
    return done.stdout + done.stderr


def test_init_writes_the_defaults_and_keeps_what_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    assert "node.yaml: created" in ichor("init", folder)
    file = folder / "node.yaml"
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o700, 0o600)
    defaults = NodeConfig.model_validate({"senders": [{"ae_title": "SCANNER"}]})
    assert read_config(folder) == defaults, "the comments show other values than the defaults"
    assert "expected no configuration yet, found one, which is kept" in ichor("init", folder, expected=2)


def test_commented_out_configuration_is_valid(tmp_path: Path) -> None:
    ichor("init", tmp_path)
    file = tmp_path / "node.yaml"
    lines = file.read_text().splitlines()
    start = lines.index("destinations: {}")
    text = "\n".join(["destinations:", *(line.removeprefix("#") for line in lines[start + 1 : lines.index("", start)])])
    destinations = yaml.safe_load(text)
    watched = yaml.safe_load(
        "\n".join(line.removeprefix("# ") for line in lines if "watched:" in line or "still_s" in line)
    )
    assert set(destinations["destinations"]) == {"pacs", "archive", "ris", "duty", "mail"}
    NodeConfig.model_validate({**destinations, "watched": {"folder": "incoming", **watched["watched"]}})


def test_paths_are_relative_to_the_folder(tmp_path: Path) -> None:
    write_config(
        tmp_path,
        watched={"folder": "in"},
        listener={"tls": {"certificate": "node.crt", "key": "/etc/node.key"}},
        destinations={"web": {"kind": "stow-rs", "url": "https://one.example/dicom", "ca": "ca.crt"}},
    )
    config = read_config(tmp_path)
    assert config.watched is not None and config.watched.folder == tmp_path / "in"
    assert config.listener.tls is not None and config.listener.tls.certificate == tmp_path / "node.crt"
    assert config.listener.tls.key == Path("/etc/node.key")
    assert config.destinations["web"].ca == tmp_path / "ca.crt"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"sender": []}, "sender: extra inputs are not permitted"),
        ({"senders": [{"ae_title": "A NAME THAT IS TOO LONG"}]}, r"senders\.0\.ae_title: "),
        ({"senders": [{"ae_title": "A\\B"}]}, r"senders\.0\.ae_title: "),
        ({"senders": [{"ae_title": "A"}, {"ae_title": "A"}]}, "expected senders with different AE titles"),
        ({"senders": [{"ae_title": "A", "port": 104}]}, "expected a host with the port"),
        ({"senders": [{"ae_title": "A", "host": "scanner"}]}, "does not appear to be an ipv4 or ipv6 address"),
        ({"destinations": {"a b": {}}}, "destinations"),
        ({"destinations": {"a": {"kind": "ftp"}}}, r"destinations\.a: "),
        ({"destinations": {"a": {"kind": "stow-rs", "url": "file:///etc"}}}, r"url: "),
        ({"listener": {"port": 70000}}, r"listener\.port: "),
        ({"retry": {"first_s": 0}}, r"retry\.first_s: "),
        ({"worklist": "http://node.example/"}, "expected https://"),
        ({"log": "xml"}, "log: "),
        ({"destinations": {"a": {"kind": "hl7", "host": "ris", "port": 1, "facility": "A|B"}}}, r"facility: "),
        ({"destinations": {"a": {"kind": "webhook", "url": "http://b.example", "secret": "c"}}}, "expected https://"),
    ],
)
def test_a_wrong_configuration_is_reported_in_one_line(change: dict[str, Any], found: str, tmp_path: Path) -> None:
    write_config(tmp_path, **change)
    with pytest.raises(BadConfig, match=found) as error:
        read_config(tmp_path)
    assert "\n" not in str(error.value) and str(error.value).startswith(f"{tmp_path / 'node.yaml'}: expected")


@pytest.mark.parametrize("text", ["a: [", "- a", "\xff"])
def test_an_invalid_configuration_is_reported(text: str, tmp_path: Path) -> None:
    (tmp_path / "node.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadConfig, match="expected a node's configuration, found"):
        read_config(tmp_path)


def test_a_folder_without_a_configuration_is_reported(tmp_path: Path) -> None:
    assert "found none: create it with ichor node init" in ichor("run", tmp_path, expected=2)
    assert "expected the folder of a node that has run" in ichor("status", tmp_path, expected=2)
    assert "expected the folder of a node that has run" in ichor("retry", tmp_path, expected=2)


@pytest.mark.parametrize(
    ("screening", "found"),
    [
        ({"model": "none-such"}, "none-such"),
        ({"operating_point": "none-such"}, "none-such"),
        ({"outputs": ["none-such"]}, "expected an output among"),
        ({"outputs": ["json"]}, "expected at least one DICOM output for the destinations"),
    ],
)
def test_missing_models_and_outputs_are_reported_at_the_start(screening: dict[str, Any], found: str) -> None:
    pacs = {"kind": "c-store", "ae_title": "PACS", "host": "127.0.0.1", "port": 104}
    config = NodeConfig.model_validate({"screening": screening, "destinations": {"pacs": pacs}})
    with pytest.raises(IchorError, match=found):
        check_config(config)


def test_a_node_without_senders_is_reported(tmp_path: Path) -> None:
    write_config(tmp_path, senders=[])
    assert "expected at least one sender" in ichor("run", tmp_path, expected=2)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_package_is_reported_in_one_line(tmp_path: Path, package: str) -> None:
    ichor("init", tmp_path / "node")
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules[{package!r}] = None\n")
    command = [sys.executable, "-m", "ichor", "node", "run", str(tmp_path / "node")]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"ichor: ichor node: expected the package {package}, found none; install it with pip install 'ichor-ct[node]'\n"
    )
