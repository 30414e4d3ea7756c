"""Data sets: a specification, a store on disk, and batches addressed by number."""
