"""What every server shares: sessions, checks before each request, the page's files, start and end.

A server on loopback opens sessions by one-use links. One beyond this machine needs TLS and accounts with passwords. The
servers are `ichor.annotate` and `ichor.view`.
"""
