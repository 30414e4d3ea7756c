"""Features of images, for metrics that compare distributions in feature space."""
