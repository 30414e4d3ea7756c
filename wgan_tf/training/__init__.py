"""Training as a pure function of configuration, seed and step."""
