"""Screens archives of scans on Dask: `ichor screen --cluster`.

`listed` turns inputs into scans, `cluster` connects, `run` hands out the scans and receives their outcomes, `work` is
what a worker does with one, `remote` copies scans and results from and to object stores, and `books` keeps the manifest
and the table of results.
"""
