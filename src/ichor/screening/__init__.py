"""Screening: one scan by a `Screener`, or many into a folder, each once."""
