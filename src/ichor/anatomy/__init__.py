"""Head, skull, intracranial space and noise of a scan: one implementation of each."""
