"""The files of a run: masks, scores, kept predictions, and the figures that follow from them."""
