"""`make sbom`: a bill of materials that fits CycloneDX's schema and names all that an install brings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from ichor.models.package import DEFAULT_MODEL
from ichor.version import __version__
from locked import locked

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the script writes."""
    out = tmp_path_factory.mktemp("sbom") / "dist" / "ichor.cdx.json"
    subprocess.run([sys.executable, ROOT / "scripts" / "sbom.py", "--out", out], check=True, capture_output=True)
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bill(written: str) -> Any:
    return json.loads(written)


def test_it_fits_the_schema(written: str) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(written) is None
    assert validator.validate_str(written.replace('"type": "library"', '"type": "book"')) is not None


def test_it_names_ichor_and_every_locked_package_with_the_hashes_of_its_files(bill: Any) -> None:
    ours = bill["metadata"]["component"]
    assert (ours["name"], ours["version"]) == ("ichor-ct", __version__)
    assert [one["license"]["id"] for one in ours["licenses"]] == ["Apache-2.0"]
    found = {
        (one["name"], one["version"], frozenset(digest["content"] for digest in one["externalReferences"][0]["hashes"]))
        for one in bill["components"]
        if one.get("purl", "").startswith("pkg:pypi/")
    }
    assert found == {(one.name, one.version, frozenset(one.hashes)) for one in locked("base")}


def test_it_says_the_license_of_every_package_that_is_installed_here(bill: Any) -> None:
    there = {one.name for one in locked("base") if one.marker is None or one.marker.evaluate()}
    without = {one["name"] for one in bill["components"] if not one.get("licenses")}
    assert without & there == set()


def test_it_names_the_model_and_the_files_by_others_that_ichor_carries(bill: Any) -> None:
    by_name = {one["name"]: one for one in bill["components"]}
    viewer = by_name["niivue"]
    assert (viewer["group"], viewer["licenses"][0]["license"]["id"]) == ("@niivue", "BSD-2-Clause")
    assert (ROOT / f"src/ichor/annotate/page/vendor/niivue-{viewer['version']}.js").is_file()
    model = by_name[DEFAULT_MODEL]
    assert model["type"] == "machine-learning-model"
    files = {one["name"]: one["hashes"][0]["content"] for one in model["components"]}
    sums = (ROOT / "src/ichor/models" / DEFAULT_MODEL / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert files == {name: digest for digest, name in (line.split() for line in sums)}


def test_it_says_which_package_needs_which(bill: Any) -> None:
    reference = {one["name"]: one["bom-ref"] for one in bill["components"]}
    needs = {one["ref"]: set(one.get("dependsOn", [])) for one in bill["dependencies"]}
    assert {reference[name] for name in ("numpy", "pydicom", "openvino", "niivue", DEFAULT_MODEL)} <= needs["ichor-ct"]
    assert reference["numpy"] in needs[reference["scipy"]]


def test_it_names_no_host_but_its_schemas(written: str) -> None:
    assert written.count("://") == 1
    assert str(ROOT) not in written
