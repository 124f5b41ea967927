"""A message without what it quotes: the words that stay are those that Ichor's own messages are made of.

It is a list of what may stay, not of what may not: names of files and of people are no words of ours.
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
# What messages measure: no number of a patient, of a file or of a day is as short.
NUMBER = re.compile(r"[-+]?\d{1,5}(?:\.\d{1,4})?(?:e[-+]?\d{1,2})?(?:x\d{1,5})?(?:mm|cm²|°|%)?")
TOKEN = re.compile(r"(?P<before>[(\[\"'“]*)(?P<word>.*?)(?P<after>[)\]\"'”.,;:!?]*)", re.DOTALL)
QUOTES = "\"'“"
FEWEST_WORDS = 3  # of what is no name: a file may be called by one of our words, or by a number


def in_own_words(message: str) -> str:
    """The message with every other word, and every long number, left out.

    What stands before the first colon is the name of a file, and left out whole, unless it is several words of ours.
    """
    first, colon, rest = message.partition(": ")
    if not colon:
        return _in_own_words(message)
    told = _in_own_words(first)
    is_name = LEFT_OUT in told or len(first.split()) < FEWEST_WORDS
    return f"{LEFT_OUT if is_name else told}: {_in_own_words(rest)}"


def _in_own_words(text: str) -> str:
    kept: list[str] = []
    for token in text.split():
        found = TOKEN.fullmatch(token)
        assert found is not None, "it fits any text"
        before, word, after = found["before"], found["word"], found["after"]
        quoted = any(one in QUOTES for one in before)
        number = NUMBER.fullmatch(word) is not None and not quoted and not after.startswith(":")
        whole = token if not word or number or (word in own_words() and not quoted) else f"{before}{LEFT_OUT}{after}"
        if not (whole == LEFT_OUT and kept and kept[-1] == LEFT_OUT):
            kept.append(whole)
    return " ".join(kept)


@cache
def own_words() -> frozenset[str]:
    """The words of every text in the code that reads, but for its documentation, and of what systems say of errors."""
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
