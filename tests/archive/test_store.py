"""What lies at an address, and names that must not leave the folder that they are copied to."""

from __future__ import annotations

from typing import Any

import pytest

from ichor.archive import store
from ichor.archive.store import files_at, hash_of, is_address, join
from ichor.errors import Code, UnreadableInput


class Listing:
    """A store that lists these files below bucket/in."""

    def __init__(self, *places: str, version: str = "1") -> None:
        self._below = {f"bucket/in/{one}": {"size": 1, "ETag": version} for one in places}

    def invalidate_cache(self) -> None:
        """Nothing is kept."""

    def info(self, _: str) -> dict[str, Any]:
        return {"type": "directory"}

    def find(self, _: str, detail: bool) -> dict[str, Any]:
        return self._below


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the store list what the test says."""

    def lists(*places: str, version: str = "1") -> None:
        monkeypatch.setattr(store, "_opened", lambda _: (Listing(*places, version=version), "bucket/in"))

    return lists


@pytest.mark.parametrize("text", ["s3://a/b", "gs://a", "https://a.example/b.nii.gz", "http://a/b"])
def test_addresses_are_known_by_their_protocol(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text", ["a/b", "/a/b", "s3:/a/b", "ftp://a/b", "file:///etc/passwd", "zip://a::s3://b", "C:\\a"]
)
def test_anything_else_is_a_path(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize("place", ["../evil.dcm", "a/../../evil.dcm", "a//b.dcm", "a\\..\\evil.dcm", "./a.dcm", "a\0b"])
def test_a_name_that_leads_out_of_the_folder_is_refused(listing: Any, place: str) -> None:
    listing("a.dcm", place)
    with pytest.raises(UnreadableInput, match=r"s3://bucket/in: expected plain file names") as caught:
        files_at("s3://bucket/in")
    assert place not in str(caught.value)


def test_an_empty_folder_is_not_found(listing: Any) -> None:
    listing("", "more/")
    with pytest.raises(UnreadableInput, match="found nothing there") as caught:
        files_at("s3://bucket/in")
    assert caught.value.code is Code.NOT_FOUND


def test_the_hash_depends_on_names_and_versions_and_not_on_the_order_of_the_list(listing: Any) -> None:
    listing("b.dcm", "a.dcm")
    before = files_at("s3://bucket/in")
    listing("a.dcm", "b.dcm")
    assert hash_of("x", files_at("s3://bucket/in")) == hash_of("x", before) != hash_of("y", before)
    listing("a.dcm", "b.dcm", version="2")
    assert hash_of("x", files_at("s3://bucket/in")) != hash_of("x", before)
    listing("a.dcm", "c.dcm")
    assert hash_of("x", files_at("s3://bucket/in")) != hash_of("x", before)


def test_addresses_are_joined_with_one_slash() -> None:
    assert join("s3://a/b/", "c") == join("s3://a/b", "c") == "s3://a/b/c"
