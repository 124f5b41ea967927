"""Bundles the page into one script and one style sheet for a copy in a file, since file:// pages cannot import modules.

Each module becomes a function that returns its exports. No parser is needed, since the page's modules use only two
forms: `import { a, b } from "./name.js";` on one line, and `export` before a function, class or constant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

IMPORT = re.compile(r'^import \{ (?P<names>[\w, ]+) \} from "\./(?P<module>[\w/]+\.js)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?P<kind>(?:async )?function|class|const) (?P<name>\w+)", re.MULTILINE)
STYLESHEET = re.compile(r'<link rel="stylesheet" href="(?P<path>[\w/.]+)">\n *')
SCRIPT = re.compile(r'<script type="module" src="js/(?P<module>[\w/.]+)"></script>')


def bundled_script(files: Mapping[str, Path], entry: str) -> str:
    """The modules that `entry` needs, each after its own imports. Raises ValueError for other forms of import."""
    made: dict[str, str] = {}

    def add(module: str) -> None:
        if module in made:
            return
        made[module] = ""  # in progress; circular imports would fail
        source = files[f"js/{module}"].read_text(encoding="utf-8")
        for found in IMPORT.finditer(source):
            add(found["module"])
        body = IMPORT.sub(lambda found: f"const {{ {found['names']} }} = {_name(found['module'])};", source)
        exported = [found["name"] for found in EXPORT.finditer(body)]
        body = EXPORT.sub(r"\g<kind> \g<name>", body)
        if re.search(r"^(import|export)\b", body, re.MULTILINE):
            raise ValueError(f"{module}: expected imports and exports on one line each, found another form")
        del made[module]  # to insert it after the modules that it imports
        made[module] = f"const {_name(module)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();\n"

    add(entry)
    return "".join(made.values())


def bundled_style(files: Mapping[str, Path], page: str) -> str:
    """The linked style sheets of a page, concatenated."""
    return "".join(files[found["path"]].read_text(encoding="utf-8") for found in STYLESHEET.finditer(page))


def _name(module: str) -> str:
    return "module_" + re.sub(r"\W", "_", module.removesuffix(".js"))
