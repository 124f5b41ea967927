"""How much memory screening takes: a worker refuses scans that do not fit into its memory instead of being killed."""

from __future__ import annotations

from ichor.errors import Code, IchorError
from ichor.scan import Scan

MIB = 2**20
# Peak memory of a process that screens, with the model that ships: 200 MiB, and 17 to 22 bytes for each voxel.
BASE_BYTES, BYTES_PER_VOXEL = 256 * MIB, 24
# Dask pauses a worker at 80 % of its limit (distributed.worker.memory.pause).
USABLE = 0.8
LEAST_BYTES = 1024 * MIB  # of a worker: the usual head CT of 40 slices, and room to spare


def needed_bytes(scan: Scan) -> int:
    """The memory that a process takes at most while it screens the scan."""
    return BASE_BYTES + BYTES_PER_VOXEL * scan.voxels.size


def why_too_small(limit: int) -> str | None:
    """Why a worker that may take `limit` bytes is not used; None if it has enough memory."""
    if limit >= LEAST_BYTES:
        return None
    return f"expected at least {in_mib(LEAST_BYTES)} of memory, found {in_mib(limit)}"


def require_room(scan: Scan, limit: int) -> None:
    """Raises IchorError if a worker that may take `limit` bytes cannot screen the scan."""
    needed = needed_bytes(scan)
    if needed > USABLE * limit:
        size = " x ".join(map(str, reversed(scan.voxels.shape)))
        raise IchorError(
            f"{scan.source.path}: expected a scan that can be screened in {in_mib(limit)} of memory, found {size} "
            f"voxels, which need {in_mib(int(needed / USABLE))}",
            Code.TOO_LARGE,
        )


def in_mib(n_bytes: int) -> str:
    """A size as people read it."""
    return f"{n_bytes // MIB} MiB"
