"""What 8-bit integer weights cost."""
