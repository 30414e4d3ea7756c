"""Whether a store's files still are what was written."""

import pathlib
import zlib

import numpy as np

from wgan_tf.data.metadata import EXAMPLES_FILE, LABELS_FILE, METADATA_FILE, Metadata
from wgan_tf.data.npy_writer import BLOCK_BYTES
from wgan_tf.errors import reason

# So much is read of a large file at every start, evenly spread.
_BLOCKS_LOOKED_AT = 64


def find_damage(folder: pathlib.Path, metadata: Metadata, *, whole: bool = False) -> str | None:
    """Looks for damage in the files of a store.

    The sizes, the range of the labels and every checksum of the labels are checked, and of the
    examples the checksums of some blocks, which are all of a file of up to 64 MiB.

    Args:
        folder: the store's.
        metadata: of the store.
        whole: whether to check all blocks.

    Returns:
        What is wrong, for people; None where nothing is found.
    """
    stored = np.dtype(np.uint8 if len(metadata.example_shape) == 3 else np.float32)
    expected: dict[str, tuple[np.dtype, tuple[int, ...]]] = {
        EXAMPLES_FILE: (stored, (metadata.num_examples, *metadata.example_shape))
    }
    if metadata.class_names is not None:
        expected[LABELS_FILE] = (np.dtype(np.int32), (metadata.num_examples,))
    for name, (dtype, shape) in expected.items():
        if name not in metadata.checksums:
            return f"{METADATA_FILE} has no checksums of {name}"
        try:
            array = np.load(folder / name, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # NumPy has a dozen errors for damaged headers.
            return f"{name} cannot be read, {reason(error)}"
        if (array.dtype, array.shape) != (dtype, shape):
            return f"{name} holds {array.dtype} of shape {array.shape}, not {dtype} of {shape}"
        # A file that is longer is another one.
        if (folder / name).stat().st_size != array.offset + array.nbytes:
            return f"{name} has not the length that its header tells"
        found = _changed_block(array, metadata.checksums[name], whole or name == LABELS_FILE)
        if found is not None:
            return f"block {found} of {name} has changed"
    return None


def _changed_block(array: np.memmap, checksums: tuple[int, ...], whole: bool) -> int | None:
    values = array.view(np.ndarray).reshape(-1).view(np.uint8)
    count = len(checksums)
    if count != -(-len(values) // BLOCK_BYTES):
        return count
    looked_at = range(count) if whole else np.linspace(0, count - 1, min(count, _BLOCKS_LOOKED_AT))
    for number in map(round, looked_at):
        block = values[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES]
        if zlib.crc32(block.data) != checksums[number]:
            return number
    return None
