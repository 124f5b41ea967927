"""Study: the systems that the paper reviews, on the same folds of one dataset."""
