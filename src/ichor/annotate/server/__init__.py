"""The annotation server: it speaks JSON with the page, on loopback, and keeps every change in the project.

`app` puts it together: `guards` stand before every request, `session` knows the readers, `routes` has a file a concern.
"""
