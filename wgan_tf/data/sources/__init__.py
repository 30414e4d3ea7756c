"""What `--dataset` names, each as TFDS builders of its examples."""
