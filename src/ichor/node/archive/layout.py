"""The form of a backup: a tar file with a head, the node's files, and their checksums at the end.

The first entry is `backup.json`, the last `checksums.json`. Between them are the files of the node's folder under their
own names: those at the top level (configuration, certificates, databases), `images`, and the folders in `TREES`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD, CHECKSUMS = "backup.json", "checksums.json"
FORM = "Ichor node backup"
VERSION = 1
IMAGES, RESULTS = "images", "results"
# Folders that are kept with all that is in them: results, corrections of them by people, and the certificate that the
# node made for its web server.
TREES = (RESULTS, "annotation", "tls")
DATABASE_ENDING = ".sqlite"
PIECE_BYTES = 2**20

# No part of a name begins with a dot: no hidden files, and no way out of the folder.
_PART = r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,200}"
_IMAGE = re.compile(rf"{IMAGES}/[0-9a-f]{{64}}/[0-9a-f]{{24}}-[0-9a-f]{{16}}\.dcm")
_IN_TREE = re.compile(rf"({'|'.join(TREES)})(/{_PART}){{1,10}}")
_TOP = re.compile(_PART)


def is_name(name: str) -> bool:
    """Whether a backup may contain a file of this name."""
    return any(pattern.fullmatch(name) for pattern in (_IMAGE, _IN_TREE, _TOP)) and name not in (HEAD, CHECKSUMS)


@dataclass(frozen=True, slots=True)
class Made:
    """The contents of a backup.

    Attributes:
        files: how many files of the node.
        n_bytes: their size.
        images: how many of them are images.
        missing: how many images and results are named in the queue but are not on disk.
    """

    files: int
    n_bytes: int
    images: int
    missing: int
