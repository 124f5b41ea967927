"""Where the head, the skull and what is inside it lie on a scan, and how noisy brain is: one implementation of each."""
