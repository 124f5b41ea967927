"""Whether the same scan gets the same answer from every engine and instruction set."""
