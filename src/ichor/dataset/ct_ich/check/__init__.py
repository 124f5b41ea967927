"""Integrity checks of a copy of ct-ich: files, tables, and their consistency."""

from ichor.dataset.ct_ich.check.check import Checker
from ichor.dataset.ct_ich.check.report import Problem, Report

__all__ = ["Checker", "Problem", "Report"]
