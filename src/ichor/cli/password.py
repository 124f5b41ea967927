"""A password for a command that sets one."""

from __future__ import annotations

import sys

import typer


def read_password() -> str:
    """A password typed twice in the terminal, or the one line that another program writes to this one."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt="Repeat the password"))
    return sys.stdin.readline().rstrip("\r\n")
