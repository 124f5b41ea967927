"""Methods, behind one protocol. `get` finds a method by name, `load_model` loads a trained one from its package."""

from ichor.methods.base import Method
from ichor.methods.loading import TrainedModel, load_model, task_of
from ichor.methods.registry import METHODS, get

__all__ = ["METHODS", "Method", "TrainedModel", "get", "load_model", "task_of"]
