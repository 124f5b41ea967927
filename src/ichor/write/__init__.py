"""Outputs: each writes one kind of file from a `Result`, without knowledge of the method.

`ichor.write.base` defines the protocol, `ichor.write.registry` finds outputs by name, and `ichor.write.folder` writes
the folder of a result.
"""
