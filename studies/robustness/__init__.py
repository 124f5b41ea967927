"""How far a model depends on how a scan was acquired."""
