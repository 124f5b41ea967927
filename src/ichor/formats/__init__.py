"""Writers of file formats: arrays and scans in, files out. Independent of methods and findings."""
