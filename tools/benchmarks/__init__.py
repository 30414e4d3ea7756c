"""What `tools/benchmark.py` compares: one file a kind of contestant, each a process of its own."""
