"""RSNA 2019: slices of head CT as DICOM in one folder, and labels of each."""
