"""The study that a path names."""

from __future__ import annotations

from pathlib import Path
from sqlite3 import Row
from typing import Annotated, Any

from fastapi import Depends, HTTPException
from fastapi import Path as InPath

from ichor.node.queue.analysis import KEY_DIGITS, result_name
from ichor.node.web.context import Server
from ichor.node.web.forms import Problem

StudyId = Annotated[str, InPath(pattern=rf"^[0-9a-f]{{{KEY_DIGITS}}}$", description="The first digits of its key.")]


def refusal(words: str) -> dict[str, Any]:
    """How OpenAPI describes an answer with problem details."""
    return {"description": words, "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}


# What every route may return instead of its own form.
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: refusal("The body is no JSON in UTF-8."),
    401: refusal("Without a session or a token."),
    403: refusal("The role is not enough."),
    404: refusal("There is no such thing."),
    413: refusal("The request is too large."),
    422: refusal("The request is not as expected."),
    429: refusal("Too many requests."),
}
CONFLICT: dict[int | str, dict[str, Any]] = {409: refusal("Not possible in this state.")}


def _study(study: StudyId, server: Server) -> Row:
    found = server.services.queue.worklist.find(study)
    if found is None:
        raise HTTPException(404, "there is no such study")
    return found


# A row of `ichor.node.queue.worklist`.
FoundStudy = Annotated[Row, Depends(_study)]


def result_folder(server: Server, study: Row) -> Path:
    """The folder of a study's last result. Raises HTTPException if there is none."""
    if study["result"] is None:
        raise HTTPException(404, "the study has no result")
    return server.services.results / result_name(study["key"], study["number"])
