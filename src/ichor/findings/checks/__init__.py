"""Input checks: whether a scan is what the models were made for."""
