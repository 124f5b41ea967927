"""Reading a head CT: `open_scan(path)` picks the reader; each format is one file in this folder."""

from ichor.read.ahead import read_ahead
from ichor.read.base import Inspection, ReadOptions, ScanPath, SeriesSummary
from ichor.read.open import begin_scan, find_scans, inspect, open_scan, start_reading_process

__all__ = [
    "Inspection",
    "ReadOptions",
    "ScanPath",
    "SeriesSummary",
    "begin_scan",
    "find_scans",
    "inspect",
    "open_scan",
    "read_ahead",
    "start_reading_process",
]
