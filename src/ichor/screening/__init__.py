"""From a scan to what is said of it: measurements, findings, and screening one scan or many."""
