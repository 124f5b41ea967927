"""`unet-tiles`: the paper's U-Net on overlapping tiles (sections 4 and 5)."""
