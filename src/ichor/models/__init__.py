"""Model packages: those that ship lie here, one folder each; `ichor.methods.load_method` opens any of them."""
