"""Study: the cost of 8-bit integer weights."""
