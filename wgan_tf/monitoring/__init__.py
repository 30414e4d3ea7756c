"""What a run shows while it trains: metrics, TensorBoard, progress and sample images."""
