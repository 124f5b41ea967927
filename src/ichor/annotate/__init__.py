"""The annotation tool: from a scan to a delineated, labelled dataset. Research use only; not a medical device."""
