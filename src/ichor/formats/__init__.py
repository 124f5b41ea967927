"""File formats that are written: arrays and scans in, files out. Nothing here knows a method or findings."""
