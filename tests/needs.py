"""What some tests need and not every machine has: all of a dataset, a program of the system, or time.

A test says so by the marker of that name, or by asking for a fixture of that name. Where it is not found the test is
skipped, and the summary says in one line how many were and what to install; with --nothing-skipped it fails.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from paths import CT_ICH, DICOM_CLIENTS, GE_HEAD, OHIF, ORTHANC, ORTHANC_DICOMWEB, PHANTOM, WHOLE_TEMPLATES


@dataclass(frozen=True)
class Need:
    """What it is, how to get it, and whether it is here."""

    what: str
    how: str
    here: bool


def _program(what: str, package: str, command: str) -> Need:
    return Need(what, f"apt-get install {package}", shutil.which(command) is not None)


def _data(what: str, how: str, folder: Path) -> Need:
    return Need(what, how, folder.is_dir())


_SEE = "CONTRIBUTING.md says where it is from"
_CHECKOUT = Path(__file__).resolve().parents[1] / ".git"

NEEDS = {
    "ct_ich": _data("all of ct-ich", "ichor dataset download ../shared/ct-ich", CT_ICH / "Patients_CT"),
    "ge_head": _data("the whole GE head", _SEE, GE_HEAD),
    "phantom": _data("the Philips phantom", _SEE, PHANTOM),
    "templates": _data("the whole templates", _SEE, WHOLE_TEMPLATES),
    "chromium": _program("Chromium", "chromium", "chromium"),
    "dciodvfy": _program("dciodvfy", "dicom3tools", "dciodvfy"),
    "storescu": _program("dcmtk's storescu", "dcmtk", "storescu"),
    "openssl": _program("openssl", "openssl", "openssl"),
    "orthanc": Need(
        "Orthanc with DICOMweb",
        "apt-get install orthanc orthanc-dicomweb",
        ORTHANC.exists() and ORTHANC_DICOMWEB.exists(),
    ),
    "systemd": _program("systemd-analyze", "systemd", "systemd-analyze"),
    "ohif": Need("OHIF", ".ci/run installs it", (OHIF / "index.html").exists()),
    "dicom_clients": Need("dcmqi and dicomweb-client", ".ci/run installs them", DICOM_CLIENTS.is_dir()),
    "long": Need("minutes in all", "ICHOR_LONG=1 make test", os.environ.get("ICHOR_LONG", "") not in ("", "0")),
    "git": Need("a git checkout", "apt-get install git; git clone", bool(shutil.which("git")) and _CHECKOUT.exists()),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nothing-skipped", action="store_true", help="A test that is skipped fails, with the reason.")


def pytest_configure(config: pytest.Config) -> None:
    if "ICHOR_CT_ICH" in os.environ and not NEEDS["ct_ich"].here:
        raise pytest.UsageError(f"ICHOR_CT_ICH: expected the folder that holds Patients_CT, found {CT_ICH}")
    for name, need in NEEDS.items():
        config.addinivalue_line("markers", f"{name}: needs {need.what} ({need.how})")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        asked_for = getattr(item, "fixturenames", ())
        for name, need in NEEDS.items():
            if name in asked_for:
                item.add_marker(name)
            if item.get_closest_marker(name) and not need.here:
                item.add_marker(pytest.mark.skip(reason=f"they need {need.what} ({need.how})"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _failed_if_skipped(report, item.config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _failed_if_skipped(report, collector.config)


_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


def _failed_if_skipped(report: _Report, config: pytest.Config) -> _Report:
    if report.skipped and not hasattr(report, "wasxfail") and config.getoption("nothing_skipped"):
        report.outcome = "failed"
        report.longrepr = f"expected no test to be skipped, found one that was: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped."""
    assert isinstance(report.longrepr, tuple)
    return report.longrepr[2].removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = Counter(map(_reason, terminalreporter.stats.get("skipped", ())))
    for reason, n in sorted(skipped.items()):
        terminalreporter.write_line(f"{n} test{'s were' if n > 1 else ' was'} skipped: {reason}")
