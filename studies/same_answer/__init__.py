"""Study: whether all engines and instruction sets give the same result for a scan."""
