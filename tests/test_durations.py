import pytest

from wgan_tf.durations import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(59.6, "1 min 0 s"), (12, "12 s"), (3599, "59 min 59 s"), (7260, "2 h 1 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
