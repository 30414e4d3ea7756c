"""What a store's folder holds."""

import dataclasses
import json
import os
import pathlib

from wgan_tf.errors import UserError

EXAMPLES_FILE = "examples.npy"
LABELS_FILE = "labels.npy"
METADATA_FILE = "store.json"


@dataclasses.dataclass(frozen=True)
class Metadata:
    """The contents of `store.json`.

    Attributes:
        dataset: The `--dataset` value it was prepared from.
        split: The split specification.
        num_examples: Number of rows of `examples.npy`.
        example_shape: (H, W, C) or (D,).
        class_names: None if there are no labels.
        left_out: (file, reason) of each file that could not be used.
        notes: Clauses on how the source was read.
        digest: Of the bytes of the examples and labels.
    """

    dataset: str
    split: str
    num_examples: int
    example_shape: tuple[int, ...]
    class_names: tuple[str, ...] | None
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    digest: str


def read_metadata(folder: pathlib.Path) -> Metadata | None:
    """Reads a store's metadata, or returns None where there is no whole store.

    Raises:
        UserError: There is a store, but its metadata cannot be read.
    """
    try:
        fields = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise UserError(
            f"the prepared data in {folder} cannot be read ({error}); delete that folder to have "
            "it made again, or give another --data_dir."
        ) from error
    return Metadata(
        dataset=fields["dataset"],
        split=fields["split"],
        num_examples=fields["num_examples"],
        example_shape=tuple(fields["example_shape"]),
        class_names=None if fields["class_names"] is None else tuple(fields["class_names"]),
        left_out=tuple((file, reason) for file, reason in fields["left_out"]),
        notes=tuple(fields["notes"]),
        digest=fields["digest"],
    )


def write_metadata(metadata: Metadata, folder: pathlib.Path) -> None:
    """Writes a store's metadata, which makes it whole."""
    with (folder / METADATA_FILE).open("w", encoding="utf-8") as stream:
        json.dump(dataclasses.asdict(metadata), stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
