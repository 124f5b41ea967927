"""Screening: single scans with a `Screener`, or a batch into a folder."""
