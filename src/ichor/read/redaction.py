"""Messages without the file names, patient names and other text that they quote: only words of Ichor's own messages
are kept.

This is a list of words that may stay, not of words to remove, so no name of a file or a person can pass.
"""

from __future__ import annotations

import ast
import errno
import os
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

LEFT_OUT = "…"
# Measurements in messages: patient IDs, file numbers and dates are longer.
NUMBER = re.compile(r"[-+]?\d{1,5}(?:\.\d{1,4})?(?:e[-+]?\d{1,2})?(?:x\d{1,5})?(?:mm|cm²|°|%)?")
TOKEN = re.compile(r"(?P<before>[(\[\"'“]*)(?P<word>.*?)(?P<after>[)\]\"'”.,;:!?]*)", re.DOTALL)
QUOTES = "\"'“"
MIN_WORDS = 3  # a shorter text may be a file name made of a known word or a number


def redacted(message: str) -> str:
    """The message with every other word, and every long number, removed.

    Text before the first colon is taken for a file name and removed entirely, unless it consists of several known
    words.
    """
    first, colon, rest = message.partition(": ")
    if not colon:
        return _redacted(message)
    start = _redacted(first)
    is_name = LEFT_OUT in start or len(first.split()) < MIN_WORDS
    return f"{LEFT_OUT if is_name else start}: {_redacted(rest)}"


def _redacted(text: str) -> str:
    kept: list[str] = []
    for token in text.split():
        found = TOKEN.fullmatch(token)
        assert found is not None, "the pattern matches any text"
        before, word, after = found["before"], found["word"], found["after"]
        quoted = any(one in QUOTES for one in before)
        number = NUMBER.fullmatch(word) is not None and not quoted and not after.startswith(":")
        whole = token if not word or number or (word in known_words() and not quoted) else f"{before}{LEFT_OUT}{after}"
        if not (whole == LEFT_OUT and kept and kept[-1] == LEFT_OUT):
            kept.append(whole)
    return " ".join(kept)


@cache
def known_words() -> frozenset[str]:
    """The words of every message in the code that reads files, without docstrings, and of system error messages."""
    words: set[str] = set()
    for text in (*_texts(files("ichor.read")), *map(os.strerror, errno.errorcode)):
        for token in text.split():
            if (found := TOKEN.fullmatch(token)) is not None and not any(one.isdigit() for one in found["word"]):
                words.add(found["word"])
    return frozenset(words)


def _texts(folder: Traversable) -> list[str]:
    found: list[str] = []
    for one in folder.iterdir():
        if one.is_dir():
            found += _texts(one)
        elif one.name.endswith(".py"):
            tree = ast.parse(one.read_text(encoding="utf-8"))
            documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
                    found.append(node.value)
    return found
