"""Wasserstein GAN training for TensorFlow 2."""
