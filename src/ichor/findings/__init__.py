"""What is reported of a scan: the schema of findings.json, measurements on the mask, and checks of the input."""
