"""Runs: a config, a fold, figures; the configs that ship lie in configs/."""
