"""The page as one script and one style, for a copy in a file: a page of file:// may not import modules.

Each module becomes a function that returns what it exports. The page's modules keep to two forms, so that this needs no
parser: `import { a, b } from "./name.js";` on one line, and `export` before a function, class or constant.
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
    """The modules that `entry` needs, in the order in which they need each other. Raises ValueError for other forms."""
    made: dict[str, str] = {}

    def add(module: str) -> None:
        if module in made:
            return
        made[module] = ""  # in the making: what imports in a circle would not find its names
        source = files[f"js/{module}"].read_text(encoding="utf-8")
        for found in IMPORT.finditer(source):
            add(found["module"])
        body = IMPORT.sub(lambda found: f"const {{ {found['names']} }} = {_name(found['module'])};", source)
        exported = [found["name"] for found in EXPORT.finditer(body)]
        body = EXPORT.sub(r"\g<kind> \g<name>", body)
        if re.search(r"^(import|export)\b", body, re.MULTILINE):
            raise ValueError(f"{module}: expected imports and exports on one line each, found another form")
        del made[module]  # so that it stands behind what it needs
        made[module] = f"const {_name(module)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();\n"

    add(entry)
    return "".join(made.values())


def bundled_style(files: Mapping[str, Path], page: str) -> str:
    """The style sheets that a page links, one after the other."""
    return "".join(files[found["path"]].read_text(encoding="utf-8") for found in STYLESHEET.finditer(page))


def _name(module: str) -> str:
    return "module_" + re.sub(r"\W", "_", module.removesuffix(".js"))
