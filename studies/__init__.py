"""One-off studies, each a folder with its code and its page: from the root of a checkout, `python -m studies.NAME`.

They are no part of the package, and nothing in it imports them. They may name methods, datasets and subjects.
"""
