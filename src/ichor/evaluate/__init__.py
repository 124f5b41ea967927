"""Overlap, detection and what is kept of a prediction: every figure that is reported."""
