"""Study: what limits a model's Dice."""
