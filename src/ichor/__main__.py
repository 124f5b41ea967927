"""`python -m ichor` is `ichor`."""

from ichor.cli import command

command()
