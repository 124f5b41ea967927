"""Validation on a site's own scans: screens them, compares the results with a table of the truth, and reports."""
