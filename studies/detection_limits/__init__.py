"""What limits how much hemorrhage a model detects."""
