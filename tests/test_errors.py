import pytest
import tensorflow as tf

from wgan_tf.errors import UserError, reason


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


def test_what_users_are_told_is_one_line_whatever_they_gave() -> None:
    given = "a\nb\0" + "x" * 5000 + "\udce9"
    message = str(UserError(f"--dataset={given} is unknown; take another."))
    assert message.startswith(r"--dataset=a\nb\x00xxx")
    assert message.endswith(r"xxx\udce9 is unknown; take another.")
    assert " ... " in message
    assert message.isprintable()
    assert len(message) < 1600
    message.encode()
    assert str(UserError("--name=naïve … is 1 line; fine.")) == "--name=naïve … is 1 line; fine."
