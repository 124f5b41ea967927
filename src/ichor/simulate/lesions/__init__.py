"""Grows lesions into a head: thin hemorrhage with its mask, and mimics of hemorrhage, which have none."""
