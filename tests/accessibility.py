"""Faults of accessibility on a page, as axe-core finds them (tests/data/axe-core)."""

from __future__ import annotations

import gzip
from functools import cache

from playwright.sync_api import Page

from paths import DATA

GRAVE = ("serious", "critical")


@cache
def _axe() -> str:
    return gzip.decompress((DATA / "axe-core" / "axe.min.js.gz").read_bytes()).decode()


def faults(page: Page) -> list[str]:
    """The serious and critical faults of a page as it is now: the rule and each element."""
    if page.evaluate("typeof window.axe") == "undefined":
        page.evaluate(_axe())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]
