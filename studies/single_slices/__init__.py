"""Study: what it changes if scans of a single slice are calibrated on their own."""
