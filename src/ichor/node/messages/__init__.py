"""Messages about results: alerts by webhook and mail, and HL7 v2. None of them is a DICOM object."""
