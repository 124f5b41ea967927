"""Study: how often scans fail the input checks."""
