"""Model packages: the shipped ones are in subfolders here; `ichor.methods.load_model` opens any of them."""
