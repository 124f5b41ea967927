"""`python -m ichor` is `ichor`."""

from ichor.cli import main

main()
