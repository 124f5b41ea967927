"""Exporting annotations: one module for each target, and `run.py`, which iterates over the project's scans."""
