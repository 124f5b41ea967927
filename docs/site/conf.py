"""Settings of Sphinx, which makes a site of the documents and of the docstrings.

    make site      into build/site/index.html; it can be read without a network

The root of the repository is the source folder, so that a link from one document to another works in the repository
and on the site alike. `_toc.yml` says which documents there are and in what order.
"""

from pathlib import Path

from ichor.version import __version__

project = "Ichor"
author = "The Ichor authors"
version = release = __version__
copyright = "The Ichor authors, Apache-2.0. Research use only; not a medical device."

extensions = ["myst_parser", "sphinx_external_toc", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
include_patterns = [
    "*.md", "docs/**", "results/**.md", "studies/*.md", "examples/*.md", "tests/data/README.md",
    "src/ichor/models/*/MODEL_CARD.md",
]  # fmt: skip
external_toc_path = str(Path(__file__).parent / "_toc.yml")

myst_heading_anchors = 3

# Docstrings write code in single backticks.
default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False}
napoleon_google_docstring = True
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"Ichor {version}"
html_copy_source = False
html_show_sphinx = False
