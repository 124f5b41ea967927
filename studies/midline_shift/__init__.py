"""How well the midline shift is measured."""
