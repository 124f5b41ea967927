"""Export of ct-ich for other tools: one module per layout, with shared code in `run`."""
