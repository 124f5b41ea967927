"""Which of the processor's instruction sets an engine computes with.

The sets bear oneDNN's names for x86-64 (its documentation, "CPU Dispatcher Control"), in ascending order; another
processor is named by its architecture alone.
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
}
INSTRUCTION_SETS = tuple(_NEEDED)
LIMIT = "ONEDNN_MAX_CPU_ISA"


def instruction_set() -> str:
    """The highest instruction set of this processor, or the one that ONEDNN_MAX_CPU_ISA lowers OpenVINO to.

    "x86-64" or the architecture's own name where the system does not tell the processor's features.
    """
    highest = _highest()
    limit = os.environ.get(LIMIT, "").upper()
    if highest not in INSTRUCTION_SETS or limit not in INSTRUCTION_SETS:
        return highest
    return min(highest, limit, key=INSTRUCTION_SETS.index)


def has_vnni(name: str) -> bool:
    """Whether the instruction set of that name adds products of 8-bit numbers without saturating in between.

    Without VNNI two products of u8 x s8 are added in 16 bits, which 8-bit weights overflow.
    """
    return name == "AVX2_VNNI" or (
        name in INSTRUCTION_SETS and INSTRUCTION_SETS.index(name) >= INSTRUCTION_SETS.index("AVX512_CORE_VNNI")
    )


@lru_cache(maxsize=1)
def _highest() -> str:
    machine = platform.machine().lower().replace("amd64", "x86-64").replace("x86_64", "x86-64")
    features = _features()
    fitting = [name for name, needed in _NEEDED.items() if needed <= features]
    return fitting[-1] if fitting else machine


def _features() -> frozenset[str]:
    """The first processor's features in Linux's names; empty on another system or another architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return frozenset()
    return frozenset(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), []))
