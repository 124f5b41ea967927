"""Methods, behind one protocol. `get` finds one by name, `load_model` a trained one by its package."""

from ichor.methods.base import Method
from ichor.methods.loading import TrainedModel, load_model, task_of
from ichor.methods.registry import METHODS, get

__all__ = ["METHODS", "Method", "TrainedModel", "get", "load_model", "task_of"]
