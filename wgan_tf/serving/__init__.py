"""A trained generator as a SavedModel that TensorFlow alone can load."""
