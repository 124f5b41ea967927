"""Exporting what was annotated: one file for each target beside `run.py`, which goes through the project's scans."""
