"""A page about finished or unfinished runs."""

from wgan_tf.reporting.page import write_report

__all__ = ["write_report"]
