"""Study: what limits the detection of hemorrhage."""
