"""The annotation server: a JSON interface for the page, on loopback, that stores every change in the project.

`app` assembles it: `guards` checks every request, `session` knows the readers, `routes` has one file for each concern.
"""
