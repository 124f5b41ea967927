"""The DICOM network: the listener, and what goes out to senders and destinations."""
