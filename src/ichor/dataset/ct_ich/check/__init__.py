"""Integrity checks of a copy of ct-ich: files, tables, and their consistency."""

from ichor.dataset.ct_ich.check.check import Checker

__all__ = ["Checker"]
