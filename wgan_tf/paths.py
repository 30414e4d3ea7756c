"""Paths as people write them."""

import pathlib

from wgan_tf.errors import UserError


def expand_user(path: str, option: str) -> pathlib.Path:
    """A path with the home folder in place of a leading ~.

    Args:
        path: what was given.
        option: what goes before it in messages, such as `--dataset=folder:`.

    Raises:
        UserError: there is no such user.
    """
    try:
        return pathlib.Path(path).expanduser()
    except RuntimeError as error:
        raise UserError(
            f"{option}{path} names the home folder of a user that is not known here; write the "
            "whole path."
        ) from error


def run_of_flagfile(file: pathlib.Path) -> str | None:
    """The folder of the run whose own flagfile a file is; None where it is another's."""
    is_run = file.name == "config.flags" and (file.parent / "dataset.json").is_file()
    return str(file.parent) if is_run else None
