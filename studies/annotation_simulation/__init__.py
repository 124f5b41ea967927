"""Study: how Dice increases with labelling time, for active learning and for a random order."""
