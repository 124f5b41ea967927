"""Simulates other acquisitions, single pictures, mimics of blood and thin hemorrhage: each a function of a case."""
