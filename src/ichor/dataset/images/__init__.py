"""Fingerprints of images, which find the same scan in two datasets even after it was saved again."""
