"""The node's web server: the worklist, the viewer of results, and the REST interface."""
