"""What small differences of drawing cost, for there is no second reading of ct-ich."""
