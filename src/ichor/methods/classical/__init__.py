"""What the classical systems of the literature share: the working grid, level sets, fuzzy clusters, regions."""
