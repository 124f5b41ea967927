"""Study: how accurately the midline shift is measured."""
