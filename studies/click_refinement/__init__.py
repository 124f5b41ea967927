"""How much a few clicks improve an outline."""
