"""The REST interface against its own description: schemathesis makes requests of all kinds, with a fixed seed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks

from described import ask_in_all_ways
from ichor.node.people import Role
from ichor.node.web.server import WebServer
from ichor.serving.access import ACCESS, Access
from ichor.serving.tokens import Tokens
from view.result_files import write_result
from web_parts import add_study, made_services

pytestmark = pytest.mark.long
load_all_checks()
EXAMPLES = 60
OWN = "^/(api|health|metrics)"  # DICOMweb is described by its standard


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.openapi.OpenApiSchema]:
    """The description of a server with two studies, and a token of an operator for it."""
    folder = tmp_path_factory.mktemp("openapi")
    head = write_result(folder / "out", outputs=("json",))
    with made_services(folder / "node", web={"port": 0}) as services:
        studies = [add_study(services, result=head, destinations=("pacs",)), add_study(services, verdict=None)]
        access = Access(services.folder / ACCESS)
        token = Tokens(access).add("schemathesis", Role.OPERATOR.value)
        assert services.config.web is not None
        server = WebServer(services, services.config.web, None)
        headers = {"authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{server.port}"
        schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json", headers=headers)
        schema.config.update(base_url=url)
        schema.config.headers = headers
        schema.studies = studies
        yield schema
        server.stop()
        access.close()


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_every_answer_is_as_described(api: schemathesis.openapi.OpenApiSchema, mode: GenerationMode) -> None:
    """Of requests that the description allows, and of those that it does not."""
    paths = set()
    for result in api.include(path_regex=OWN).get_all_operations():
        operation = result.ok()
        paths.add(operation.path)

        def ask(case: schemathesis.Case) -> None:
            if mode is GenerationMode.POSITIVE and "study" in case.path_parameters:
                case.call_and_validate()
                case.path_parameters["study"] = api.studies[len(paths) % 2]
            case.call_and_validate()

        ask_in_all_ways(operation, mode, ask, EXAMPLES)
    assert len(paths) >= 8
