"""The annotation server: a JSON interface for the page that stores every change in the project.

`app` assembles it from `routes`, one module for each concern, and what all servers share (`ichor.serving`).
"""
