"""Input checks: whether a scan is within the models' intended input."""
