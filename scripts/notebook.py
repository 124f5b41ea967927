"""Run the notebook in docs/ and store the outputs of its cells in it.

.venv/bin/python scripts/notebook.py

The cells are run in order in a separate process, in the root of the repository, without Jupyter. Printed text and
figures become the outputs of the cells, so that the page on GitHub shows them.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs" / "how-to" / "use-from-python.ipynb"

# Runs in the process: reads the cells as JSON from standard input, and writes their outputs as JSON to standard output.
RUN = """
import base64, contextlib, io, json, sys
import matplotlib
matplotlib.use("Agg")
from matplotlib import pyplot

def figures():
    for number in pyplot.get_fignums():
        picture = io.BytesIO()
        pyplot.figure(number).savefig(picture, format="png", bbox_inches="tight", metadata={"Software": None})
        yield base64.b64encode(picture.getvalue()).decode()
    pyplot.close("all")

names, outputs = {"__name__": "__main__"}, []
for number, source in enumerate(json.load(sys.stdin), 1):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        exec(compile(source, f"cell {number}", "exec"), names)
    outputs.append({"text": text.getvalue(), "figures": list(figures())})
json.dump(outputs, sys.stdout)
"""


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The code cells, in order."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run(notebook: dict[str, Any], where: Path = ROOT) -> list[dict[str, Any]]:
    """The printed text (`text`) and the figures (`figures`, PNG in base64) of each code cell.

    Raises CalledProcessError if a cell fails.
    """
    sources = ["".join(cell["source"]) for cell in code_cells(notebook)]
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(sources), cwd=where, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def outputs_of(output: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs of a cell in the format of nbformat 4."""
    text = output["text"].splitlines(keepends=True)
    printed = [{"name": "stdout", "output_type": "stream", "text": text}] if text else []
    drawn = [{"data": {"image/png": one}, "metadata": {}, "output_type": "display_data"} for one in output["figures"]]
    return [*printed, *drawn]


def main() -> None:
    """Write the outputs into the notebook."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for number, (cell, output) in enumerate(zip(code_cells(notebook), run(notebook), strict=True), 1):
        cell["execution_count"], cell["outputs"] = number, outputs_of(output)
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    size = sum(len(base64.b64decode(one["data"]["image/png"])) for cell in code_cells(notebook)
               for one in cell["outputs"] if "data" in one)  # fmt: skip
    sys.stdout.write(f"{NOTEBOOK}: written, {size} bytes of figures\n")


if __name__ == "__main__":
    main()
