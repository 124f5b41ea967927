"""Experiments: configs, training, cross-validation and export; the configs that ship are in configs/."""
