"""about.yaml: read, and refused in one line where it is not as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.errors import BadConfig
from ichor.runs.about import ABOUT, AboutRun, Link, read_about, without_marks


def test_every_part_may_be_missing(tmp_path: Path) -> None:
    assert read_about(tmp_path) == AboutRun()
    (tmp_path / ABOUT).write_text("")
    assert read_about(tmp_path) == AboutRun()
    (tmp_path / ABOUT).write_text("title: One\nlinks:\n- name: here\n  path: ../here.md\n")
    assert read_about(tmp_path) == AboutRun(title="One", links=(Link(name="here", path="../here.md"),))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("titel: One", "titel: extra inputs are not permitted"),
        ("limits: [a, b]", "limits: input should be a valid string"),
        ("links: [{name: here}]", "links.0.path: field required"),
        ("links: [{name: '', path: x}]", "links.0.name: string should have at least 1 character"),
        ("[]", "input should be a valid dictionary or instance of AboutRun"),
        ("title: [", "while parsing a flow"),
        ("title: \xff", "codec can't decode"),
    ],
)
def test_an_invalid_config_is_reported_in_one_line_that_names_the_file(
    content: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / ABOUT).write_bytes(content.encode("latin-1"))
    with pytest.raises(BadConfig) as caught:
        read_about(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / ABOUT}: expected the description of a result, found ") and "\n" not in said
    assert message.lower() in said.lower()


def test_a_page_has_no_marks_and_a_line_for_each_paragraph() -> None:
    assert without_marks("a\nb <!-- figure: x -->1<!-- end -->.\n\n c\n") == "a b 1.\n\nc"
