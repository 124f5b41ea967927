"""What every server on loopback shares: sessions, checks before each request, the page's files, start and end.

The servers are `ichor.annotate` and `ichor.view`.
"""
