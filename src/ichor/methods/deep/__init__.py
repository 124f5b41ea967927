"""What methods with deep networks share: views of a scan, training of one network after another, thresholds."""
