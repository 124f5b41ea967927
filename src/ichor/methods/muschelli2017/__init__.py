"""`muschelli2017-lr`, `-lasso`, `-gam`, `-rf`: some twenty features and a classifier of voxels (PItcHPERFeCT).

Muschelli, Sweeney, Ullman, Vespa, Hanley and Crainiceanu 2017, "PItcHPERFeCT: Primary Intracranial Hemorrhage
Probability Estimation using Random Forests on CT", NeuroImage: Clinical 14:379-390, doi:10.1016/j.nicl.2017.02.007.

The brain is extracted (section 2.3) and registered to a template (2.4); predictors of each voxel are its intensity,
local moments, standard scores within planes, the difference to the other side, the distance to the center, the
intensity standardized to the template, smoothed images and an unsupervised first guess (2.5, `features.py`); logistic
regression, the LASSO, a generalized additive model and a random forest are fitted to voxels of ten scans (2.6); their
probability is smoothed and cut where Dice is best on further scans.

Chosen here: voxels are those of the working grid, not of 1 mm; the place in the extent of the intracranial space,
along each axis, stands for registration, and the template is the mean and standard deviation of the fold's training
scans without hemorrhage at each such place; fuzzy c-means is the first guess; only voxels whose neighborhood is at
least as dense as brain are classified, which the paper does by quantiles of its predictors; smooth terms of the
additive model are penalized linear splines. The forest has 50 trees of depth 10, so
that a scan takes seconds, not 500 unlimited ones. Section numbers and the list of
predictors are from memory: the full text was not at hand.
"""
