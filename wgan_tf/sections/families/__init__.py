"""Options: the networks of each family, a module a family."""
