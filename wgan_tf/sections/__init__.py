"""The options of a run by subject; `wgan_tf.config.Config` has them all."""
