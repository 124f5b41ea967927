"""What deploy/ ships: the Dockerfiles' steps run, the unit is valid, and the parts of the compose file fit together."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ichor.node.config import NodeConfig
from node_parts import EXPLICIT, associated, write_config
from paths import OHIF
from signals import HANG_S

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
ECHO = "1.2.840.10008.1.1"
sys.path.insert(0, str(ROOT / "scripts"))

from run_dockerfile import instructions  # noqa: E402


def built(dockerfile: Path, context: Path, root: Path) -> dict[str, Any]:
    """What the image says of itself, after all of its steps have been run."""
    command = [sys.executable, str(ROOT / "scripts" / "run_dockerfile.py"), str(dockerfile)]
    environment = {**os.environ, "PATH": f"/usr/bin:{os.environ['PATH']}"}
    options = ["--context", str(context), "--root", str(root)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.mark.long
def test_the_image_of_the_node_is_built_and_a_node_runs_in_it(tmp_path: Path) -> None:
    image = built(DEPLOY / "Dockerfile", ROOT, tmp_path / "image")
    root = Path(image["root"])
    home, entry = root / "var/lib/ichor", json.loads(image["says"]["ENTRYPOINT"])
    (account,) = [one for one in (root / "etc/passwd").read_text().splitlines() if one.startswith("ichor:")]
    number = int(account.split(":")[2])
    assert image["user"] == "ichor" and number == home.stat().st_uid == 10001 and home.stat().st_mode & 0o077 == 0
    assert not (root / "build").exists()
    environment = {**image["environment"], "HOME": str(home)}

    def inside(*words: str) -> list[str]:
        command = [*entry, *words]
        command[0] = str(root / "opt/ichor/bin" / command[0])
        return [word.replace("/var/lib/ichor", str(home)) if word.startswith("/var") else word for word in command]

    # This machine's folders above may be closed to other users, so the node runs as the user of the test.
    write_config(home / "node", screening={})
    command = inside(*json.loads(image["says"]["CMD"]))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as node:
        assert node.stdout is not None
        line = "".join(node.stdout.readline() for _ in range(2))
        port = int(re.findall(r" port (\d+)", line)[0])
        with associated(port, (ECHO, EXPLICIT)) as association:
            assert association.send_c_echo().Status == 0
        health = json.loads(image["says"]["HEALTHCHECK"].partition("CMD ")[2])
        done = subprocess.run(inside(*health[2:]), capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0 and done.stdout.startswith("running"), done.stderr
        node.send_signal(getattr(signal, image["says"]["STOPSIGNAL"]))
        assert node.wait(HANG_S) == 0


@pytest.mark.ohif
@pytest.mark.long
def test_the_image_of_ohif_has_the_version_that_the_tests_use(tmp_path: Path) -> None:
    folder = DEPLOY / "ohif"
    image = built(folder / "Dockerfile", folder, tmp_path / "image")
    pages = Path(image["root"]) / "usr/share/nginx/html"
    assert (pages / "index.html").read_bytes() == (OHIF / "index.html").read_bytes()
    assert (pages / "app-config.js").read_bytes() == (folder / "app-config.js").read_bytes()


def test_the_dockerfile_installs_what_is_locked_and_runs_as_an_ordinary_user() -> None:
    steps = instructions(DEPLOY / "Dockerfile")
    pip = [rest for name, rest in steps if name == "RUN" and "pip install" in rest]
    assert all("--require-hashes" in one or "--no-deps" in one for one in pip) and len(pip) == 2
    names = [name for name, _ in steps]
    assert names.index("USER") < names.index("ENTRYPOINT") and dict(steps)["USER"] == "ichor"


@pytest.mark.systemd
def test_systemd_takes_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "ichor-node.service"
    unit.write_text((DEPLOY / "ichor-node.service").read_text().replace("/opt/ichor/bin/ichor", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "ichor-node" not in done.stderr, done.stderr
    # Exposure from 0 to 10, of which 2.0 and more is a fault here.
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def unit_values() -> dict[str, str]:
    lines = (DEPLOY / "ichor-node.service").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_the_unit_restarts_the_node_and_lets_it_write_to_its_own_folder_only() -> None:
    unit = unit_values()
    assert unit["User"] == "ichor" and unit["Restart"] == "always" and unit["NoNewPrivileges"] == "yes"
    assert unit["ProtectSystem"] == "strict" and unit["PrivateTmp"] == "yes" and unit["UMask"] == "0077"
    assert unit["ExecStart"].split()[1:] == ["node", "run", f"/var/lib/{unit['StateDirectory']}/node"]
    assert "ReadWritePaths" not in unit


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def test_the_parts_of_the_compose_file_are_there() -> None:
    services, volumes = compose()["services"], compose()["volumes"]
    assert set(services) == {"node", "orthanc", "ohif"}
    for service in services.values():
        assert service["restart"] == "unless-stopped" and ("image" in service or "build" in service)
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (DEPLOY / source).is_file() if source.startswith("./") else source in volumes
        if "build" in service:
            context = DEPLOY / service["build"]["context"]
            assert (context / service["build"].get("dockerfile", "Dockerfile")).is_file()
    node = services["node"]
    assert node["read_only"] and node["cap_drop"] == ["ALL"] and "no-new-privileges:true" in node["security_opt"]


def test_node_orthanc_and_ohif_know_each_other() -> None:
    node = NodeConfig.model_validate(yaml.safe_load((DEPLOY / "node.yaml").read_text()))
    pacs = json.loads((DEPLOY / "orthanc.json").read_text())
    modality, destination = pacs["DicomModalities"]["ichor"], node.destinations["pacs"]
    services = compose()["services"]
    assert (modality["AET"], modality["Port"]) == (node.listener.ae_title, node.listener.port)
    assert {modality["Host"], destination.host} <= set(services)  # type: ignore[union-attr]
    assert (pacs["DicomAet"], pacs["DicomPort"]) == (destination.ae_title, destination.port)  # type: ignore[union-attr]
    assert [one.ae_title for one in node.senders] == [pacs["DicomAet"]]
    ports = {name: [int(port.rsplit(":", 1)[1]) for port in one["ports"]] for name, one in services.items()}
    assert ports == {"node": [node.listener.port], "orthanc": [pacs["DicomPort"]], "ohif": [80]}
    proxy = (DEPLOY / "ohif" / "nginx.conf").read_text()
    assert "proxy_pass http://orthanc:8042;" in proxy and f"location {pacs['DicomWeb']['Root']} {{" in proxy
    viewer = (DEPLOY / "ohif" / "app-config.js").read_text()
    assert viewer.count(f'"{pacs["DicomWeb"]["Root"].rstrip("/")}"') == 3
