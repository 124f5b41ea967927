"""Study: how much a model depends on the acquisition of a scan."""
