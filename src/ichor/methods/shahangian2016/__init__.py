"""`shahangian2016`: a level set for hematomas, features of shape and texture, and a hierarchy of SVMs.

Shahangian and Pourghassem 2016, "Automatic brain hemorrhage segmentation and classification algorithm based on
weighted grayscale histogram feature in a hierarchical classification structure", Biocybernetics and Biomedical
Engineering 36:217-232, doi:10.1016/j.bbe.2015.12.001.

Skull and ventricles are removed, DRLSE outlines hematomas, and shape and texture, a weighted gray histogram among
them, go to a hierarchy of classifiers: first whether a slice shows hemorrhage, then of which of the three subtypes
that the paper has: epidural, intraparenchymal and subdural (the paper's section 2 in the review of Hssayeni et al.
2019).

Written from the abstract and that review; the full text was not at hand. Chosen here: the threshold of the seeds,
below which fluid counts as ventricle, and the weights of DRLSE; the features (`features.py`), without the paper's
selection of them by a genetic algorithm; linear support vector machines, both classes weighted alike; and the order
of the hierarchy, epidural first, as the most frequent here. Subarachnoid and intraventricular hemorrhage are no
findings of the paper's: their probability is 0. All classifiers are fitted on the training subjects of each fold.
"""
