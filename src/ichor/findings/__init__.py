"""The findings of a scan: the schema of findings.json, measurements on the mask, and input checks."""
