"""Study: how Dice increases with labeling time, for active learning and for a random order."""
