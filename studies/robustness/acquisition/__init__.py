"""Cases as another acquisition would have shown them: scan, mask and labels changed together."""
