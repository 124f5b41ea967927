"""Experiments: configs, training, cross-validation and export; The built-in configs are in configs/."""
