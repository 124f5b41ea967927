"""DICOMweb (PS3.18): STOW-RS to send images to the node, QIDO-RS and WADO-RS for its results.

STOW-RS: `multipart` splits what `receiving` receives, `storing` takes it in. QIDO-RS: `matching` reads queries and
`querying` answers them, with the `attributes` of each level. WADO-RS: `retrieving`. Both find results in `objects`. The
paths are in `storing_routes`, `querying_routes` and `retrieving_routes`; they share `state` and `accepting`.
"""
