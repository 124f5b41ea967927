"""ct-ich with its labels and demographics, cases, and the folds."""
