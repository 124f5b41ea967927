"""Simulates other acquisitions of a case: scan, mask and labels are changed together."""
