"""Which parts of the recipe matter: networks trained with one thing changed."""
