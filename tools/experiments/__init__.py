"""The experiments of `claims.py`: one file a claim; `registry.py` lists them."""
