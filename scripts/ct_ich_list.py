"""Write the list of ct-ich's files, with which `ichor dataset download` verifies each file.

    python scripts/ct_ich_list.py CT_ICH OUT

CT_ICH is a copy of release 1.0.0. The output is deterministic.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
from pathlib import Path

TOP = ("LICENSE.txt", "README.txt", "hemorrhage_diagnosis.csv", "patient_demographics.csv")


def main() -> None:
    """Write a line for each file: SHA-256, size in bytes, path."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ct_ich", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    root = arguments.ct_ich
    files = [*(root / name for name in TOP), *(file for file in (root / "Patients_CT").rglob("*") if file.is_file())]
    lines = []
    for file in sorted(files):
        content = file.read_bytes()
        sha256, path = hashlib.sha256(content).hexdigest(), file.relative_to(root).as_posix()
        lines.append(f"{sha256} {len(content)} {path}\n")
    arguments.out.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
    print(f"{arguments.out}: {len(lines)} files, {arguments.out.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
