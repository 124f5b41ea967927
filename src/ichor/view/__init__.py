"""The viewer of results: `ichor view`, a page on loopback for what `ichor screen` wrote.

`results` finds what there is to show, `opened` reads a scan and its mask again, `decisions` keeps what a person says of
them, `server` answers the page, and `copy` writes a result as one file. `page/` is the page itself.
"""
