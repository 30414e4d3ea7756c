"""What a store's folder holds."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping

from wgan_tf.errors import UserError

EXAMPLES_FILE = "examples.npy"
LABELS_FILE = "labels.npy"
METADATA_FILE = "store.json"


@dataclasses.dataclass(frozen=True)
class Metadata:
    """The contents of `store.json`.

    Attributes:
        dataset: the `--dataset` value it was prepared from.
        split: the split specification.
        num_examples: number of rows of `examples.npy`.
        example_shape: (H, W, C) or (D,).
        class_names: None if there are no labels.
        left_out: (file, reason) of each file that could not be used.
        notes: clauses on how the source was read.
        digest: of the bytes of the examples and labels.
        checksums: by file, those of `NpyWriter`.
    """

    dataset: str
    split: str
    num_examples: int
    example_shape: tuple[int, ...]
    class_names: tuple[str, ...] | None
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    digest: str
    checksums: Mapping[str, tuple[int, ...]]


def read_metadata(folder: pathlib.Path) -> Metadata | None:
    """Reads a store's metadata, or returns None where there is no whole store.

    Raises:
        UserError: there is a store that may not be read.
    """
    try:
        fields = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
        return Metadata(
            dataset=str(fields["dataset"]),
            split=str(fields["split"]),
            num_examples=int(fields["num_examples"]),
            example_shape=tuple(map(int, fields["example_shape"])),
            class_names=_texts(fields["class_names"]),
            left_out=tuple((str(file), str(why)) for file, why in fields["left_out"]),
            notes=_texts(fields["notes"]) or (),
            digest=str(fields["digest"]),
            checksums={name: tuple(map(int, s)) for name, s in fields["checksums"].items()},
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        # Damaged in any way, it makes no store.
        return None
    except OSError as error:
        raise UserError(
            f"the prepared data in {folder} cannot be read ({error}); delete that folder to have "
            "it made again, or give another --data_dir."
        ) from error


def _texts(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(map(str, values))


def write_metadata(metadata: Metadata, folder: pathlib.Path) -> None:
    """Writes a store's metadata, which makes it whole."""
    with (folder / METADATA_FILE).open("w", encoding="utf-8") as stream:
        json.dump(dataclasses.asdict(metadata), stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
