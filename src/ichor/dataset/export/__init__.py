"""ct-ich in the layouts of other tools: a file for each, `run` for what they share."""
