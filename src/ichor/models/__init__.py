"""Model packages: those that ship lie here, one folder each; `ichor.methods.load_model` opens any of them."""
