"""The training core that all networks use: samples, augmentation, losses and one loop (torch)."""
