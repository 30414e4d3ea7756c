import pytest
import tensorflow as tf

from wgan_tf.errors import reason


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("\n  too short\nat line 3"), "too short"),
        (tf.errors.DataLossError(None, None, "corrupted\nrecord at 12"), "corrupted"),
        (AssertionError(), "AssertionError"),
        (OSError(" "), "OSError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_reason_is_the_first_line_or_the_name_of_the_type(error: Exception, expected: str) -> None:
    assert reason(error) == expected
