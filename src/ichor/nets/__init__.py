"""Networks, one per file, each with a reference to its paper (torch)."""
