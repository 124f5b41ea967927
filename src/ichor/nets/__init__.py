"""Networks, one a file, the paper each comes from at its head (torch)."""
