"""Write the software bill of materials of an installation of Ichor, as CycloneDX 1.6 in JSON (make sbom).

    .venv/bin/python scripts/sbom.py --out dist/ichor.cdx.json

It lists the packages of requirements/base.txt for every platform, with the hashes of their files; their licenses and
dependencies, from the metadata of the packages installed on this machine; and the components inside Ichor's own
package: the model and the vendored viewer.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ichor.atomic import write_whole
from ichor.models.package import DEFAULT_MODEL
from ichor.version import __version__

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "ichor"
VENDORED = PACKAGE / "annotate" / "page" / "vendor" / "VENDORED.md"
MODEL = PACKAGE / "models" / DEFAULT_MODEL
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def licences(name: str) -> list[str]:
    """The licenses in a package's metadata: an SPDX expression, or names. Empty if the package is not installed."""
    try:
        fields = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    if expression := fields.get("License-Expression"):
        return [expression]
    classifiers = [one.split(" :: ")[-1] for one in fields.get_all("Classifier", []) if one.startswith("License ::")]
    text = (fields.get("License") or "").strip().splitlines()
    return classifiers or text[:1]


def sha256(digests: list[str]) -> list[HashType]:
    """These digests as CycloneDX hashes."""
    return [HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in digests]


def locked_packages() -> Iterator[Component]:
    """The packages of the base requirements. The hashes of a package's files are listed with its distribution."""
    text = (ROOT / "requirements" / "base.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        entry, *digests = re.split(r"\s+--hash=sha256:", line.strip())
        if entry.startswith("#"):
            continue
        requirement = Requirement(entry)
        (pin,) = requirement.specifier
        purl = PackageURL("pypi", None, requirement.name, pin.version)
        files = ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(purl.to_string()),
            comment="SHA-256 of each file of this version",
            hashes=sha256(digests),
        )
        marker = [Property(name="ichor:marker", value=str(requirement.marker))] if requirement.marker else []
        yield Component(
            name=requirement.name,
            version=pin.version,
            bom_ref=purl.to_string(),
            purl=purl,
            licenses=[LicenseFactory().make_from_string(one) for one in licences(requirement.name)],
            external_references=[files],
            properties=marker,
        )


def vendored() -> Iterator[Component]:
    """The vendored files in Ichor's package, from the table next to them."""
    for line in VENDORED.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 5 or not re.fullmatch("[0-9a-f]{64}", cells[4]):
            continue
        file, package, version, licence, digest = cells
        scope, _, name = package.split()[0].rpartition("/")
        purl = PackageURL("npm", scope or None, name, version)
        yield Component(
            name=name,
            group=scope or None,
            version=version,
            bom_ref=purl.to_string(),
            purl=purl,
            description=f"Part of Ichor's package: {file}",
            licenses=[LicenseFactory().make_from_string(licence)],
            hashes=sha256([digest]),
        )


def model() -> Component:
    """The shipped model, with the hashes of its files."""
    lines = (MODEL / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    files = [
        Component(name=name, type=ComponentType.FILE, bom_ref=f"model/{name}", hashes=sha256([digest]))
        for digest, name in (line.split(maxsplit=1) for line in lines)
    ]
    return Component(
        name=DEFAULT_MODEL,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        version=__version__,
        bom_ref=DEFAULT_MODEL,
        description="Trained on ct-ich 1.0.0 (CC BY 4.0, doi:10.13026/w8q8-ky94): see NOTICE",
        licenses=[LicenseFactory().make_from_string("CC-BY-4.0")],
        components=files,
    )


def requirements_of(name: str) -> list[str]:
    """The requirements of a package; empty if it is not installed."""
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []


def required(packages: dict[str, Component], requirements: list[str]) -> list[Component]:
    """Those packages that are required on some platform, without extras."""
    parsed = [Requirement(line) for line in requirements]
    names = {canonicalize_name(one.name) for one in parsed if "extra ==" not in str(one.marker)}
    return [packages[name] for name in sorted(names & set(packages))]


def bill() -> Bom:
    """The complete bill of materials."""
    ichor = Component(
        name=PROJECT["name"],
        type=ComponentType.APPLICATION,
        version=__version__,
        bom_ref=PROJECT["name"],
        purl=PackageURL("pypi", None, PROJECT["name"], __version__),
        licenses=[LicenseFactory().make_from_string(PROJECT["license"])],
    )
    packages = {component.name: component for component in locked_packages()}
    inside = [model(), *vendored()]
    bom = Bom(components=[*packages.values(), *inside])
    bom.metadata.component = ichor
    bom.register_dependency(ichor, [*inside, *required(packages, PROJECT["dependencies"])])
    for name, component in packages.items():
        bom.register_dependency(component, required(packages, requirements_of(name)))
    return bom


def main() -> None:
    """Generate the bill of materials, validate it with CycloneDX's schema, and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    text = JsonV1Dot6(bill()).output_as_string(indent=2)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"scripts/sbom.py: expected JSON that is valid CycloneDX 1.6, found {error}")
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, f"{text}\n")
    print(out)


if __name__ == "__main__":
    main()
