"""Training code shared by all networks: samples, augmentation, losses and the loop (torch)."""
