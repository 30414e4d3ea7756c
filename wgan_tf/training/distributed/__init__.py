"""The workers of a run, their meeting, and TensorFlow's strategy for their devices."""
