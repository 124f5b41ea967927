"""Which of the processor's instruction sets an engine computes with.

The sets bear oneDNN's names for x86-64 (its documentation, "CPU Dispatcher Control"), in ascending order, those of ARM
names of our own. Where the system does not tell the processor's features it is named by its architecture alone.
"""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from pathlib import Path

# What each set needs beyond those before it, as Linux names it in /proc/cpuinfo. AVX2_VNNI is for processors without
# AVX-512; the highest set of which all is there counts.
_NEEDED = {
    "SSE41": {"sse4_1"},
    "AVX": {"sse4_1", "avx"},
    "AVX2": {"avx2", "fma"},
    "AVX2_VNNI": {"avx2", "fma", "avx_vnni"},
    "AVX512_CORE": {"avx512f", "avx512bw", "avx512vl", "avx512dq"},
    "AVX512_CORE_VNNI": {"avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni"},
    "AVX512_CORE_BF16": {"avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni", "avx512_bf16"},
    "AVX512_CORE_FP16": {"avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni", "avx512_bf16", "avx512_fp16"},
    "AVX512_CORE_AMX": {"avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"},
    "NEON": {"asimd"},
    "NEON_DOTPROD": {"asimd", "asimddp"},
    "NEON_I8MM": {"asimd", "asimddp", "i8mm"},
}
INSTRUCTION_SETS = tuple(_NEEDED)
LIMIT = "ONEDNN_MAX_CPU_ISA"


def instruction_set(engine: str = "openvino") -> str:
    """The highest instruction set that `engine` may use here: ONEDNN_MAX_CPU_ISA lowers OpenVINO's.

    The architecture's own name, `x86-64` or `arm64`, where the system does not tell the processor's features.
    """
    has = instruction_sets()
    limit = os.environ.get(LIMIT, "").upper() if engine == "openvino" else ""
    allowed = INSTRUCTION_SETS[: INSTRUCTION_SETS.index(limit) + 1] if limit in INSTRUCTION_SETS else INSTRUCTION_SETS
    below = [name for name in has if name in allowed] or has
    return below[-1] if below else platform.machine().lower().replace("amd64", "x86-64").replace("x86_64", "x86-64")


def has_vnni(name: str) -> bool:
    """Whether the instruction set of that name adds products of 8-bit numbers without saturating in between.

    Without VNNI two products of u8 x s8 are added in 16 bits, which 8-bit weights overflow.
    """
    return not _NEEDED.get(name, set()).isdisjoint({"avx_vnni", "avx512_vnni"})


@lru_cache(maxsize=1)
def instruction_sets() -> tuple[str, ...]:
    """All that this processor has, in ascending order; none where the system does not tell."""
    features = _features()
    return tuple(name for name, needed in _NEEDED.items() if needed <= features)


def _features() -> frozenset[str]:
    """The first processor's features in Linux's names; empty on another system or another architecture."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:  # long, where cores are many
            listed = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
            return frozenset(next(listed, "").split())
    except OSError:
        return frozenset()
