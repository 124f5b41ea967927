"""How Dice grows with labelling time on ct-ich: active learning held against a random order, in modelled time."""
