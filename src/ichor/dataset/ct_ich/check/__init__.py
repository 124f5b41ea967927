"""Whether a copy of ct-ich is whole: its files, its tables, and the one against the other."""

from ichor.dataset.ct_ich.check.check import Checker
from ichor.dataset.ct_ich.check.report import Problem, Report

__all__ = ["Checker", "Problem", "Report"]
