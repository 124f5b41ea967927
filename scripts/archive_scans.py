"""As many different scans as wanted, made from those of ct-ich by resampling, as files or from a web server.

    python scripts/archive_scans.py --data ct-ich --port 8000

Scan k is that of a subject, turned, shifted and scaled in plane by amounts that k determines, as a NIfTI file without
compression. The server makes each when it is asked for, so that thousands need no disk.
"""

from __future__ import annotations

import argparse
import http.server
import re
import sys
from functools import lru_cache, partial
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.read import open_scan

SIZE, PIXEL_MM, SLICE_MM = 320, 0.8, 5.0
NAME = re.compile(r"/scan-(\d{5})\.nii")
BONE_HU, AIR_HU = 700, -1000
# The largest turn, shift and change of size.
TURN_DEG, SHIFT_MM, SCALE = 8.0, 6.0, 0.06


def subjects(data: Path) -> list[Path]:
    """The subjects of a folder of ct-ich that can be read."""
    return sorted(one for one in (data / "Patients_CT").iterdir() if (one / "brain").is_dir())


@lru_cache(maxsize=128)
def volume(subject: Path) -> NDArray[np.int16]:
    """The scan of a subject in HU, (slices, 325, 325): the brain window's gray, with air and bone beyond its ends."""
    scan = open_scan(subject)
    gray = np.asarray(scan.voxels)[:, ::2, ::2]
    hu = np.asarray(scan.hu)[:, ::2, ::2].astype(np.int16)
    hu[gray <= 2] = AIR_HU
    hu[gray >= 253] = BONE_HU
    return hu


def made(paths: list[Path], number: int) -> NDArray[np.int16]:
    """The voxels of scan `number` in HU, (slices, SIZE, SIZE)."""
    hu = volume(paths[number % len(paths)])
    rng = np.random.default_rng(number)
    turn = np.radians(rng.uniform(-TURN_DEG, TURN_DEG))
    scale = 1 + rng.uniform(-SCALE, SCALE)
    step = scale * hu.shape[1] / SIZE
    matrix = step * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = (hu.shape[1] - 1) / 2 + rng.uniform(-SHIFT_MM, SHIFT_MM, 2) / PIXEL_MM
    offset = middle - matrix @ np.full(2, (SIZE - 1) / 2)
    out = np.empty((len(hu), SIZE, SIZE), np.int16)
    for one, target in zip(hu, out, strict=True):
        ndimage.affine_transform(one, matrix, offset, output=target, order=1, cval=AIR_HU)
    return out


def as_nifti(hu: NDArray[np.int16]) -> bytes:
    """The file of these voxels."""
    affine = np.diag([-PIXEL_MM, -PIXEL_MM, SLICE_MM, 1.0])
    return bytes(nibabel.Nifti1Image(hu.transpose(2, 1, 0), affine).to_bytes())


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves scan-00000.nii, scan-00001.nii and so on."""

    protocol_version = "HTTP/1.1"

    def __init__(self, paths: list[Path], *arguments: object) -> None:
        self._paths = paths
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        """Say how large a scan is."""
        self._head()

    def do_GET(self) -> None:
        """Send a scan."""
        number = self._head()
        if number is not None:
            self.wfile.write(as_nifti(made(self._paths, number)))

    def _head(self) -> int | None:
        """Answer whether there is such a scan, and return its number."""
        asked = NAME.fullmatch(self.path)
        self.send_response(200 if asked else 404)
        n_slices = len(volume(self._paths[int(asked[1]) % len(self._paths)])) if asked else 0
        self.send_header("Content-Length", str(352 + 2 * n_slices * SIZE**2 if asked else 0))
        self.send_header("ETag", f'"{self.path}"')
        self.end_headers()
        return int(asked[1]) if asked else None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def write(paths: list[Path], folder: Path, count: int) -> None:
    """Write so many scans into a folder."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"scan-{number:05}.nii").write_bytes(as_nifti(made(paths, number)))


def main() -> int:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of ct-ich")
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    with http.server.ThreadingHTTPServer(("127.0.0.1", asked.port), partial(Handler, subjects(asked.data))) as server:
        print(f"serving on port {server.server_port}", flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
