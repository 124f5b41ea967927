"""Metrics: overlap, surfaces, volumes, lesions, detection and calibration."""
