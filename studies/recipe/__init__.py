"""Study: which variant of the recipe is best, by cross-validation inside the training folds."""
