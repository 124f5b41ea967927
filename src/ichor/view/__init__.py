"""The viewer: `ichor view` serves a page on loopback that shows results of `ichor screen`.

`results` finds and sorts the results, `opened` reads a scan and its mask, `decisions` stores a person's decisions,
`server` handles the page's requests, and `copy` writes a result as one file. `page/` is the page itself.
"""
