"""How good a generator is."""
