"""The annotation server: a JSON interface for the page, on loopback, that stores every change in the project.

`app` assembles it, with what all servers share (`ichor.serving`); `routes` has one file for each concern.
"""
