"""`li2012-atlas` and `li2012-bayes`: gray values of the subarachnoid space, and an SVM for subarachnoid hemorrhage.

`li2012-atlas` finds the subarachnoid space by elastic registration of an atlas: Li, Wu, Li, Li, Du, Chen, Jia and Hu
2012, "Automatic detection of the existence of subarachnoid hemorrhage from clinical CT images", Journal of Medical
Systems 36:1259-1270.

`li2012-bayes` finds it by distances to landmarks, kernel density estimation and a Bayes decision: Li, Zhang, Hu, Li,
Jia and Wu 2012, "Automatic subarachnoid space segmentation and hemorrhage detection in clinical head CT scans",
International Journal of Computer Assisted Radiology and Surgery 7:507-516, doi:10.1007/s11548-011-0664-3.

Both then take mean, variance, entropy and energy of the gray values in it for a support vector machine that tells
scans with subarachnoid hemorrhage from normal ones. The first reports 100 % sensitivity and 89.7 % specificity; 100 %
and 92 % is what the review of Hssayeni et al. 2019 quotes for both.

Written from the abstracts and from that review (section 2); the full texts were not at hand. Chosen here:

- A scan is judged by the features of its whole subarachnoid space, since the papers classify scans; those of each slice
  go to a second machine, so that slices can be ranked.
- The machines are linear and count both classes alike. Slices and scans with subarachnoid hemorrhage are positive; all
  others, with hemorrhage of other kinds among them, are negative, where the papers had normal controls. The one
  probability of a slice is that of subarachnoid hemorrhage, also where figures ask for hemorrhage of any kind; no other
  subtype is a finding of the papers'.
- Pixels next to the inner table and those denser than blood do not count: bone shares them (partial volume).
- Atlas and registration are in `atlas.py`, the landmarks and densities in `landmarks.py`. ct-ich has no delineation of
  the subarachnoid space, so `li2012-bayes` takes that of its training scans from the registered atlas: of scans without
  hemorrhage, whose anatomy is not displaced.

Both detect: neither paper outlines the hemorrhage itself.
"""
