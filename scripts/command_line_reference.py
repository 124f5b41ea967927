"""Write docs/reference/command-line.md from the help texts of the commands.

.venv/bin/python scripts/command_line_reference.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from typer import Context
from typer.cli import get_docs_for_click
from typer.main import get_command

from ichor.cli import app

FILE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "command-line.md"
TITLE = """# Command line

All commands and options of `ichor`. Any command prints its own part of this page with `--help`.

`scripts/command_line_reference.py` generates this page from the help texts.
"""


def reference() -> str:
    """The page as Markdown."""
    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=Context(command), name="ichor").replace("# `ichor`\n", TITLE, 1)
    first_lines = dict(re.findall(r"^##+ `(.+)`\n\n(.+)$", text, re.MULTILINE))

    def linked(parent: str, entry: re.Match[str]) -> str:
        """An entry of the list of commands, with a link and the full first line of the help, which typer truncates."""
        name = f"{parent} {entry[1]}"
        return f"* [`{entry[1]}`](#{name.replace(' ', '-')}): {first_lines[name]}"

    parts = re.split(r"(?=^##+ `)", text, flags=re.MULTILINE)
    for k, part in enumerate(parts):
        parent = found[1] if (found := re.match(r"##+ `(.+)`", part)) else "ichor"
        head, listed, commands = part.partition("**Commands**:")
        parts[k] = head + listed + re.sub(r"^\* `(.+)`: .*$", lambda m, p=parent: linked(p, m), commands, flags=re.M)
    # A synopsis is not a command that can be run.
    return "".join(parts).replace("```console\n$ ", "```text\n").rstrip() + "\n"


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    file.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{file}: written\n")
