"""Correcting a region with clicks. Nothing is stored here: the page saves the resulting slice."""

from __future__ import annotations

import asyncio
from typing import Annotated

import numpy as np
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field, StrictBool, StringConstraints

from ichor.anatomy.skull import bone_from_hu
from ichor.annotate.click_reach import SliceImage
from ichor.annotate.project import UNSTATED, ScanRecord
from ichor.annotate.project.runs import LabelMap, decode
from ichor.annotate.refine import Click
from ichor.annotate.server import heavy
from ichor.annotate.server.bodies import Index, Runs
from ichor.annotate.server.context import MOST_AT_WORK, Answer, Context, Reader, Scanned, Server
from ichor.annotate.server.routes.layers import changeable
from ichor.annotate.server.voxels import shown_hu
from ichor.orientation import radiological_pixel_mm

router = APIRouter()

# The assumed size of a pixel if it is unknown: a field of view of 230 mm on 512 pixels.
USUAL_PIXEL_MM = (0.45, 0.45)
Coordinate = Annotated[float, Field(ge=-1e5, le=1e5, allow_inf_nan=False)]


class RefinePost(BaseModel):
    """A slice as the page shows it, and a click or scribble on it: points (x, y) in pixels of the shown slice.

    A positive click (`add`) adds to the regions of `label`; a negative one removes from the regions that it touches.
    """

    k: Index
    runs: Runs
    label: Annotated[int, Field(strict=True, ge=1, le=UNSTATED)]
    add: StrictBool
    points: Annotated[list[tuple[Coordinate, Coordinate]], Field(min_length=1, max_length=2000)]
    layer: Annotated[str, StringConstraints(max_length=60)] = "mine"


@router.get("/api/scans/{scan_id}/tools/refine")
async def prepare(scan: Scanned, reader: Reader, server: Server) -> Answer:  # noqa: ARG001 (who asks must be known)
    """Prepare for clicks, so that the first one is not delayed; returns whether the model's probability is known."""
    ready = [server.heavily(_ready, server) for _ in range(MOST_AT_WORK)]
    await asyncio.gather(server.reads(server.grids.scan, scan.id), *ready)
    return {"probability": server.project.has_probability(scan.id)}


@router.post("/api/scans/{scan_id}/tools/refine")
async def refine(scan: Scanned, body: RefinePost, reader: Reader, server: Server) -> Answer:
    """The slice after the click."""
    changeable(server, reader, scan.id, body.layer)
    if body.k >= scan.n_slices:
        raise HTTPException(422, f"expected slices 0 to {scan.n_slices - 1} of the scan, found {body.k}")
    try:
        drawn = decode(body.runs, *server.grids.grid(scan).shown)
    except ValueError as error:
        raise HTTPException(422, f"runs: {error}") from error
    rows, columns = drawn.shape
    if not any(0 <= x < columns and 0 <= y < rows for x, y in body.points):
        raise HTTPException(422, "points: expected a click or scribble on the slice, found one outside it")
    click = Click(tuple(body.points), body.add, body.label)
    image = await server.reads(_image, server, scan, body.k)
    return {"runs": await server.heavily(_refined, server, image, drawn, click)}


def _refined(server: Context, image: SliceImage, drawn: LabelMap, click: Click) -> list[int]:
    return server.workers.run(heavy.refined, image, drawn, click)


def _ready(server: Context) -> None:
    server.workers.run(heavy.ready_to_refine)


def _image(server: Context, record: ScanRecord, k: int) -> SliceImage:
    """The slice in the form that the page shows."""
    scan, grid = server.grids.scan(record.id), server.grids.grid(record)
    hu = shown_hu(scan, k).astype(np.float32)
    highest = scan.voxels.max(keepdims=True)
    bone = hu >= bone_from_hu(highest if scan.gray_window is None else scan.gray_window.hu(highest))
    sizes = radiological_pixel_mm(scan)
    row_mm, column_mm = USUAL_PIXEL_MM if sizes is None else sizes[k]
    probability = server.project.probability(record.id, k)
    shown = None if probability is None else grid.shown_slice(probability)
    return SliceImage(hu, np.asarray(bone), (float(row_mm), float(column_mm)), shown)
