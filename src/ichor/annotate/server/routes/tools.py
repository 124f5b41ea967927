"""Tools that reckon on label maps the page sends: nothing is stored here."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from ichor.annotate.project.runs import LabelMap, decode, encode
from ichor.annotate.server.bodies import InterpolatePost, SmoothPost
from ichor.annotate.server.context import Answer, Reader, Server

router = APIRouter()

# Slices between two drawn ones; a scan of 1 mm slices has lesions over fewer.
MOST_BETWEEN = 200


@router.post("/api/tools/interpolate")
async def interpolate(body: InterpolatePost, reader: Reader, server: Server) -> Answer:  # noqa: ARG001
    """The slices between two drawn ones."""
    if not 1 < abs(body.to.k - body.from_.k) <= MOST_BETWEEN + 1:
        raise HTTPException(422, f"expected 1 to {MOST_BETWEEN} slices between the two")
    lower, upper = sorted((body.from_, body.to), key=lambda one: one.k)
    maps = [_decoded(one.runs, body.rows, body.columns) for one in (lower, upper)]

    def work() -> dict[int, list[int]]:
        from ichor.annotate.shapes import interpolate as between

        return {k: encode(one) for k, one in between(maps[0], lower.k, maps[1], upper.k).items()}

    return {"slices": await server.heavily(work)}


@router.post("/api/tools/smooth")
async def smooth(body: SmoothPost, reader: Reader, server: Server) -> Answer:  # noqa: ARG001
    """The same regions with smooth outlines."""
    drawn = _decoded(body.runs, body.rows, body.columns)

    def work() -> list[int]:
        from ichor.annotate.shapes import smooth as smoothed

        return encode(smoothed(drawn))

    return {"runs": await server.heavily(work)}


def _decoded(runs: list[int], rows: int, columns: int) -> LabelMap:
    try:
        return decode(runs, rows, columns)
    except ValueError as error:
        raise HTTPException(422, f"runs: {error}") from error
