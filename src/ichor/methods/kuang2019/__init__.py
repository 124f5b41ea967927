"""`kuang2019`: a U-Net that sees the difference between both sides, then a multi-region contour evolution.

Kuang, Menon and Qiu 2019, "Segmenting hemorrhagic and ischemic infarct simultaneously from follow-up non-contrast CT
images in patients with acute ischemic stroke", IEEE Access 7:39842-39851, doi:10.1109/ACCESS.2019.2906605.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand. From
the review: the U-Net's further input is the difference in density between symmetric regions of the brain, its
cross-entropy is weighted by the distance to the boundary of the masks, and its output goes into a multi-region contour
evolution. The paper's system is semi-automatic: a user marks the regions first. `seeded` runs that, with the innermost
pixel of each region of the delineation as the user's mark; without it, the system is fully automatic. Chosen here:
symmetric about the middle of the head's bounding box; the weights (`ichor.train.losses.boundary_loss`); the U-Net of
`ichor.nets.unet`; two regions, since the dataset has no infarcts; and the evolution (`contour`).
"""
