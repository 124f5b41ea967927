"""The routes of a validation: its main figures, and the truth of each scan."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath

from ichor.view.ruling import AskedRuling, Truths

Number = Annotated[int, InPath(ge=0, le=2**31)]


def truths_router(truths: Truths) -> APIRouter:
    """The routes of a validation."""
    router = APIRouter(include_in_schema=False)

    @router.get("/api/validation")
    def summary() -> dict[str, Any]:
        return truths.summary()

    @router.get("/api/results/{number}/truth")
    def truth(number: Number) -> dict[str, Any]:
        return _existing(truths, number)

    @router.put("/api/results/{number}/truth")
    def rule(number: Number, asked: AskedRuling) -> dict[str, Any]:
        _existing(truths, number)
        return truths.rule(number, asked)

    return router


def _existing(truths: Truths, number: int) -> dict[str, Any]:
    if (found := truths.of(number)) is None:
        raise HTTPException(404, "there is no such scan")
    return found
