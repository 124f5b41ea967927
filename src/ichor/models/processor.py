"""The processor's instruction set that an engine uses.

The sets have oneDNN's names for x86-64 (its documentation, "CPU Dispatcher Control"), in ascending order, and our own
names for ARM. If the system does not report the processor's features, the architecture's name is used.
"""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from pathlib import Path

# The features that each set requires, as named in Linux's /proc/cpuinfo. AVX2_VNNI is for processors without AVX-512;
# the highest set with all features counts.
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
    """The highest instruction set that `engine` may use here: ONEDNN_MAX_CPU_ISA limits OpenVINO's.

    The architecture's name, `x86-64` or `arm64`, if the system does not report the processor's features.
    """
    has = instruction_sets()
    limit = os.environ.get(LIMIT, "").upper() if engine == "openvino" else ""
    allowed = INSTRUCTION_SETS[: INSTRUCTION_SETS.index(limit) + 1] if limit in INSTRUCTION_SETS else INSTRUCTION_SETS
    below = [name for name in has if name in allowed] or has
    return below[-1] if below else platform.machine().lower().replace("amd64", "x86-64").replace("x86_64", "x86-64")


def has_vnni(name: str) -> bool:
    """Whether that instruction set adds products of 8-bit numbers without intermediate saturation.

    Without VNNI two products of u8 x s8 are added in 16 bits, which 8-bit weights overflow.
    """
    return not _NEEDED.get(name, set()).isdisjoint({"avx_vnni", "avx512_vnni"})


def has_bf16() -> bool:
    """Whether the instruction set that oneDNN may use here, and with it torch, multiplies bf16 numbers.

    Elsewhere oneDNN converts them to fp32 and back, which makes training in bf16 several times slower than in fp32.
    """
    return "avx512_bf16" in _NEEDED.get(instruction_set(), set()) or "bf16" in _features()  # the second on ARM


@lru_cache(maxsize=1)
def instruction_sets() -> tuple[str, ...]:
    """All sets that this processor supports, in ascending order; none if the system does not report them."""
    features = _features()
    return tuple(name for name, needed in _NEEDED.items() if needed <= features)


def _features() -> frozenset[str]:
    """The first processor's features in Linux's names; empty on other systems and architectures."""
    try:
        with Path("/proc/cpuinfo").open(
            encoding="utf-8", errors="replace"
        ) as lines:  # long on machines with many cores
            listed = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
            return frozenset(next(listed, "").split())
    except OSError:
        return frozenset()
