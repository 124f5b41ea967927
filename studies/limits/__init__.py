"""What limits a model's Dice."""
