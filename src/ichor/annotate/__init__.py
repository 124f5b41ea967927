"""The annotation tool: from scans to a delineated, labeled dataset. Research use only; not a medical device."""
