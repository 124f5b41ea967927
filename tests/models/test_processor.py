"""The instruction set in use, told from what Linux says of the processor."""

from __future__ import annotations

import pytest

from ichor.models import processor

HASWELL = {"sse4_1", "avx", "avx2", "fma", "f16c"}
SKYLAKE = HASWELL | {"avx512f", "avx512bw", "avx512vl", "avx512dq"}
ICE_LAKE = SKYLAKE | {"avx512_vnni"}
ZEN_4 = ICE_LAKE | {"avx512_bf16"}
SAPPHIRE_RAPIDS = ZEN_4 | {"avx512_fp16", "amx_tile", "amx_int8", "amx_bf16", "avx_vnni"}
ALDER_LAKE = HASWELL | {"avx_vnni"}


@pytest.fixture(autouse=True)
def afresh(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(processor.LIMIT, raising=False)
    processor.instruction_sets.cache_clear()
    yield
    processor.instruction_sets.cache_clear()


def test_which_sets_have_vnni() -> None:
    with_it = [name for name in processor.INSTRUCTION_SETS if processor.has_vnni(name)]
    assert with_it == [*("AVX2_VNNI", "AVX512_CORE_VNNI", "AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX")]
    assert not processor.has_vnni("aarch64")


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"sse4_1"}, "SSE41"),
        (HASWELL, "AVX2"),
        (ALDER_LAKE, "AVX2_VNNI"),
        (SKYLAKE, "AVX512_CORE"),
        (ICE_LAKE, "AVX512_CORE_VNNI"),
        (ZEN_4, "AVX512_CORE_BF16"),
        (SAPPHIRE_RAPIDS, "AVX512_CORE_AMX"),
        ({"fp", "asimd"}, "NEON"),
        ({"fp", "asimd", "asimddp", "i8mm"}, "NEON_I8MM"),
    ],
)
def test_the_highest_of_which_all_is_there(features: set[str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_features", lambda: frozenset(features))
    assert processor.instruction_set() == expected


def test_a_limit_lowers_it_and_never_raises_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_features", lambda: frozenset(ICE_LAKE))
    monkeypatch.setenv(processor.LIMIT, "avx2")
    assert processor.instruction_set() == "AVX2"
    monkeypatch.setenv(processor.LIMIT, "AVX512_CORE_AMX")
    assert processor.instruction_set() == "AVX512_CORE_VNNI"
    monkeypatch.setenv(processor.LIMIT, "DEFAULT")
    assert processor.instruction_set() == "AVX512_CORE_VNNI"
    monkeypatch.setenv(processor.LIMIT, "AVX2_VNNI")  # which this processor lacks
    assert processor.instruction_set() == "AVX2"


def test_only_openvino_respects_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_features", lambda: frozenset(ICE_LAKE))
    monkeypatch.setenv(processor.LIMIT, "AVX2")
    assert processor.instruction_set("onnxruntime") == "AVX512_CORE_VNNI"


@pytest.mark.parametrize(
    ("features", "expected"),
    [(ICE_LAKE, False), (SAPPHIRE_RAPIDS, True), ({"asimd"}, False), ({"asimd", "bf16"}, True)],
)
def test_bf16_needs_instructions_of_the_processor(
    features: set[str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "_features", lambda: frozenset(features))
    assert processor.has_bf16() == expected


def test_a_limit_excludes_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_features", lambda: frozenset(SAPPHIRE_RAPIDS))
    monkeypatch.setenv(processor.LIMIT, "AVX512_CORE")
    assert not processor.has_bf16()


def test_another_processor_is_named_by_its_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_features", frozenset)
    monkeypatch.setattr(processor.platform, "machine", lambda: "aarch64")
    assert processor.instruction_set() == "aarch64"
