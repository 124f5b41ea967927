"""Pictures of a run: the paper's Figures 4 and 5, curves, agreement, and failures with possible reasons.

Those that show CT are restricted to crops around a lesion and slices above the orbits (`faces`, `views`).
"""

from ichor.pages.pictures.drawn import DrawnFigure, figures_in
from ichor.pages.pictures.folder import draw_figures

__all__ = ["DrawnFigure", "draw_figures", "figures_in"]
