"""Study: the ablation of the shipped model's recipe."""
