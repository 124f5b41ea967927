"""The DICOM network: the listener, and delivery to senders and destinations."""
