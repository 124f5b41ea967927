"""Queries and retrievals against their description: schemathesis makes requests of all kinds, with a fixed seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks

from described import ask_in_all_ways
from synthetic_dicomweb import Screened
from web_parts import Web, web_parts

pytestmark = pytest.mark.long
load_all_checks()
EXAMPLES = 20


@pytest.fixture
def web(tmp_path: Path, result: Screened) -> Iterator[Web]:
    with web_parts(tmp_path / "node") as one:
        result.put(one)
        yield one


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_every_answer_is_as_described(mode: GenerationMode, web: Web, result: Screened) -> None:
    """Of requests that the description allows, and of those that it does not; half of the former name what is there."""
    headers = {"authorization": web.program().headers["authorization"], "host": "127.0.0.1"}
    api = schemathesis.openapi.from_asgi("/api/openapi.json", web.app, headers=headers)
    api.config.headers = headers
    paths, one = set(), next(one for one in result.objects() if one.SOPClassUID.name.startswith("Secondary"))
    there = {"study": result.uid, "series": one.SeriesInstanceUID, "instance": one.SOPInstanceUID, "numbers": "1"}
    for found in api.include(path_regex="^/dicom-web", method="GET").get_all_operations():
        operation = found.ok()
        paths.add(operation.path)

        def ask(case: schemathesis.Case) -> None:
            if mode is GenerationMode.POSITIVE:
                case.call_and_validate()
                case.path_parameters |= {name: there[name] for name in case.path_parameters}
            case.call_and_validate()

        ask_in_all_ways(operation, mode, ask, EXAMPLES)
    assert len(paths) == 14
