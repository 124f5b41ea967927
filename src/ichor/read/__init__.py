"""Reading a head CT: `open_scan(path)` picks the reader; each format is one file in this folder."""

from ichor.read.base import Inspection, ReadOptions, SeriesSummary
from ichor.read.open import inspect, open_scan

__all__ = ["Inspection", "ReadOptions", "SeriesSummary", "inspect", "open_scan"]
