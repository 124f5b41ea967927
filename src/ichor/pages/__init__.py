"""Results as pages: a README.md for each run, one for all runs, and a self-contained HTML page.

`blocks` defines the parts of a page; `run` makes those of one run, `overview` those for several; `markdown` and `html`
write them. Figures come from metrics.json, the published ones from `ichor.pages.paper`.
"""
