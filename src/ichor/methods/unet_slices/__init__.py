"""`unet-slices`: a compact U-Net on whole slices at a fixed pixel size, with the slices below and above as context."""
