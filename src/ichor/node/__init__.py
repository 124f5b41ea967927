"""The node: receives studies over the DICOM network, screens them, and sends the results to their destinations."""
