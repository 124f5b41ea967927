"""Backups of a node: `layout` is the form of the file, `backup` writes it beside a running node, `restore` reads it."""
