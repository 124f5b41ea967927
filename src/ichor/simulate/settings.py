"""The settings of simulated copies of training scans; unknown keys are rejected. All are off by default."""

from __future__ import annotations

from pydantic import Field

from ichor.train.settings import Strict


def _chance(what: str) -> float:
    value: float = Field(0.0, ge=0, le=1, description=f"probability for a copy: {what}")
    return value


class SimulationSettings(Strict):
    """Copies of the training scans, made once before training, each with some of these changes.

    Each is drawn independently for each copy. Their strengths are those of real scanners and heads, in
    `ichor.simulate.draw`.
    """

    copies: int = Field(0, ge=0, description="simulated copies of each training scan")
    share: float = Field(0.5, ge=0, le=1, description="share of the slices of an epoch that are taken from copies")
    turned: float = _chance("gantry tilted or head nodded")
    thin: float = _chance("thin slices with their noise")
    partial_volume: float = _chance("slices thicker than their distance")
    rim: float = _chance("a bright rim along the skull")
    petrous: float = _chance("beam hardening by bone")
    metal: float = _chance("metal with streaks")
    motion: float = _chance("motion on some slices")
    dose: float = _chance("low dose")
    kernel: float = _chance("another kernel, by frequency")
    truncation: float = _chance("a field of measurement that cuts the head")
    holder: float = _chance("a head holder")
    pictures: float = _chance("each slice a picture by itself: another window, JPEG, resizing, text")
    mimics: float = _chance("a calcification, or dense or contrasted vessels")
    dark_brain: float = _chance("ischemia or swelling")
    thin_blood: float = _chance("subarachnoid or thin subdural hemorrhage grown into a scan without hemorrhage")
