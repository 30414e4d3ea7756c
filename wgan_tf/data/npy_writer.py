"""A .npy file written row by row."""

import hashlib
import os
import pathlib
import zlib
from typing import Any

import numpy as np

BLOCK_BYTES = 1 << 20


class NpyWriter:
    """Appends rows to a .npy file; writing past a full disk raises, unlike a memory map.

    Attributes:
        num_rows: rows appended so far.
        checksums: the CRC-32 of each block of `BLOCK_BYTES` of the rows, the last one as it stands.
    """

    def __init__(self, path: pathlib.Path, dtype: np.dtype, row_shape: tuple[int, ...]) -> None:
        self._path, self._dtype, self._row_shape = path, dtype, row_shape
        self.num_rows = 0
        self.checksums: list[int] = []
        self._room_in_block = 0
        self._hash = hashlib.blake2b(f"{dtype.str} {row_shape}".encode(), digest_size=16)

    def __enter__(self) -> "NpyWriter":
        self._stream = self._path.open("wb")
        self._write_header()
        return self

    @property
    def digest(self) -> str:
        """Hexadecimal digest of the dtype, the shape of a row and the rows appended so far."""
        return self._hash.hexdigest()

    def append(self, rows: np.ndarray) -> None:
        """Writes rows [n, *row_shape]."""
        data = np.ascontiguousarray(rows, self._dtype).reshape(-1).view(np.uint8).data
        self._stream.write(data)
        self._hash.update(data)
        self.num_rows += len(rows)
        self._add_to_checksums(data)

    def __exit__(self, *error: Any) -> None:
        # NumPy pads its header so that it keeps its length when the rows become known.
        with self._stream:
            self._stream.seek(0)
            self._write_header()
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def _add_to_checksums(self, data: memoryview) -> None:
        while data:
            if not self._room_in_block:
                self.checksums.append(0)
                self._room_in_block = BLOCK_BYTES
            part, data = data[: self._room_in_block], data[self._room_in_block :]
            self.checksums[-1] = zlib.crc32(part, self.checksums[-1])
            self._room_in_block -= len(part)

    def _write_header(self) -> None:
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self.num_rows, *self._row_shape),
        }
        np.lib.format.write_array_header_1_0(self._stream, header)
