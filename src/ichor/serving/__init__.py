"""What all servers share: sessions, checks before each request, the page's files, start and end.

A server on loopback opens sessions by one-use links. A server for other machines needs TLS and accounts with passwords.
The servers are `ichor.annotate` and `ichor.view`.
"""
