"""Outputs behind one protocol and a registry: a `Result` in, files out. An output knows no method.

`ichor.write.base` says what an output is, `ichor.write.registry` finds one by name, and `ichor.write.folder` writes the
folder of a result.
"""
