"""An archive of a scan (zip, tar, tar.gz): unpacked into a temporary folder, whose content is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ichor.read.base import Inspection, ReadOptions
from ichor.read.find import scans_here
from ichor.read.unpack import Selection, is_archive
from ichor.read.unpacked import naming_archive, only_scan, unpacked
from ichor.scan import Scan


def accepts(path: Path) -> bool:
    """Whether the path is a file with an archive's suffix, or one without a suffix that begins like an archive."""
    return is_archive(path)


def read(path: Path, options: ReadOptions) -> Scan:
    """The scan in the archive. Raises UnreadableInput if there is none or several, or if it is unsafe to unpack."""
    from ichor.read.open import read_here

    with unpacked(path, Selection(frozenset(options.files))) as root:
        inside = only_scan(path, root, scans_here)
        scan = read_here(inside.path, inside.options(options))
        warnings = naming_archive(path, root, scan.warnings)
    return replace(scan, source=replace(scan.source, path=path), warnings=warnings)


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """What is in the archive. Raises UnreadableInput as `read` does."""
    from ichor.read.open import inspect_here

    with unpacked(path, Selection(frozenset(options.files))) as root:
        inside = only_scan(path, root, scans_here)
        found = inspect_here(inside.path, inside.options(options))
        return replace(found, warnings=naming_archive(path, root, found.warnings))
