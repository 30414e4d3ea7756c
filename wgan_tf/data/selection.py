"""A choice of classes."""

import numpy as np

from wgan_tf.errors import UserError
from wgan_tf.options import format_value
from wgan_tf.suggestions import if_you_meant, listed, nearest

# Python refuses to read numbers of thousands.
_MOST_DIGITS = 18


def select_classes(
    labels: np.ndarray, class_names: tuple[str, ...], classes: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Keeps some classes and numbers them from 0 in the data set's order.

    Args:
        labels: integers [N] that index `class_names`.
        class_names: every class.
        classes: names or numbers of those to keep; a name goes before a number.

    Returns:
        int64 positions of the kept examples, ascending; int32 labels [N], -1 where not kept; the
        kept names.

    Raises:
        UserError: a class is unknown, or no example is kept.
    """
    kept = class_numbers(class_names, classes)
    renumbered = np.full(len(class_names), -1, np.int32)
    renumbered[kept] = np.arange(len(kept), dtype=np.int32)
    new_labels = renumbered[labels]
    selection = np.flatnonzero(new_labels >= 0).astype(np.int64)
    if not len(selection):
        raise UserError(
            f"--classes={format_value(classes)} keeps no example of this split; choose other "
            "classes or another split."
        )
    return selection, new_labels, tuple(class_names[number] for number in kept)


def class_numbers(class_names: tuple[str, ...], classes: tuple[str, ...]) -> list[int]:
    """The numbers of the classes to keep, ascending; arguments as in `select_classes`.

    Raises:
        UserError: a class is unknown.
    """
    return sorted({_class_number(name, class_names) for name in classes})


def find_class(name: str, class_names: tuple[str, ...]) -> int | None:
    """The number of the class of that name, or else of that number; None if there is none."""
    if name in class_names:
        return class_names.index(name)
    if name.isascii() and name.isdecimal() and len(name) <= _MOST_DIGITS:
        number = int(name)
        return number if number < len(class_names) else None
    return None


def _class_number(name: str, class_names: tuple[str, ...]) -> int:
    number = find_class(name, class_names)
    if number is not None:
        return number
    near = if_you_meant(repr(known) for known in nearest(name, class_names))
    quotes = (
        ", with double quotes around a name with a comma" if "," in "".join(class_names) else ""
    )
    raise UserError(
        f"--classes names the unknown class {name!r}; choose among {listed(class_names)}{quotes}, "
        f"or their numbers 0 to {len(class_names) - 1}{near}."
    )
