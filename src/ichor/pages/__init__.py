"""What a run found, as pages: a README.md for each run, one over all of them, and one HTML that stands alone.

`blocks` are what a page is made of, `run` makes those of one run, `overview` those over several; `markdown` and
`html` write them. Figures come from metrics.json, the published ones from `ichor.pages.paper`.
"""
