"""A file for each format that results are written in. A writer knows findings, scans and masks, no method."""
