"""How often `ichor screen` warns that a scan is outside the model's intended input."""
