"""Files of every kind that the package reads, mangled and read."""

import functools
import gzip
import io
import json
import os
import pathlib
import shutil
import struct
from collections.abc import Callable

import numpy as np
from PIL import Image

from tools.mangling import mangle, mangle_text
from wgan_tf.config import Config
from wgan_tf.data.store import describe, open_store
from wgan_tf.flagfile import expand_flagfiles, from_flagfile, to_flagfile
from wgan_tf.monitoring.metrics_log import read_metrics
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.saved_model import read_model_card

_IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "ICO")
_SPLITS = ("train", "train[:50%]", "train[2:]", "test", "train+test")
_NAMES = ("a.png", "b.jpg", "c", "caf\udce9.png", "d.heic", "e.txt", "f.eps", ".g.png")


def remove(folder: pathlib.Path) -> None:
    """Removes a case's folder, whatever has become of it."""
    shutil.rmtree(folder, ignore_errors=True)


def _use(dataset: str, folder: pathlib.Path, random: np.random.Generator) -> None:
    """Describes and opens a data set as training does, and reads all of it."""
    size = int(random.choice([0, 8, 8, 8, 8]))
    split = str(random.choice(_SPLITS, p=[0.6, 0.1, 0.1, 0.1, 0.1]))
    config = Config(
        dataset=dataset,
        data_dir=str(folder / "data"),
        # Points have no size.
        image_size=0 if "points" in dataset else size,
    )
    described = describe(config, split)
    store = open_store(config, split)
    examples, labels = store.read(np.arange(store.num_examples))
    if examples.shape[1:] != described.example_shape:
        raise AssertionError(f"{examples.shape} is not what was described, {described}")
    if examples.dtype != np.uint8 and not np.isfinite(examples).all():
        raise AssertionError("A point is not finite.")
    if labels is not None:
        assert store.info.class_names is not None
        if not ((labels >= 0) & (labels < len(store.info.class_names))).all():
            raise AssertionError(f"The labels {labels} are none of {store.info.class_names}.")
        ", ".join(store.info.class_names).encode()
    for file, why in store.left_out:
        f"{file}: {why}".encode()


def _npy_bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _array(random: np.random.Generator) -> np.ndarray:
    shape = [(9, 6, 6), (9, 6, 6, 3), (9, 3, 6, 6), (9, 36), (9, 6, 5)][random.integers(5)]
    return random.integers(0, 256, shape).astype(np.uint8)


def _npy(random: np.random.Generator, folder: pathlib.Path) -> None:
    (folder / "a.npy").write_bytes(mangle(_npy_bytes(_array(random)), random))
    _use(f"npy:{folder / 'a.npy'}", folder, random)


def _odd_array(random: np.random.Generator, folder: pathlib.Path) -> None:
    dtypes = ("u1", "?", "i2", "<f2", "<f4", ">f8", "c8", "S3", "U2", "M8[s]", "i4,f4")
    shape = tuple(int(n) for n in random.integers(0, 5, random.integers(0, 6)))
    array = np.zeros(shape, str(random.choice(dtypes)))
    if array.dtype.kind == "f":
        array[...] = random.choice([0, 1, -1, 1e300, 1e30, np.nan, -np.inf])
    np.save(folder / "points.npy", array)
    _use(f"npy:{folder / 'points.npy'}", folder, random)


def _points(random: np.random.Generator, folder: pathlib.Path) -> None:
    points = random.standard_normal((9, 2)).astype(random.choice(["<f4", ">f8"]))
    (folder / "points.npy").write_bytes(mangle(_npy_bytes(points), random))
    _use(f"npy:{folder / 'points.npy'}", folder, random)


def _archive(random: np.random.Generator, folder: pathlib.Path) -> None:
    stream = io.BytesIO()
    save = np.savez if random.integers(2) else np.savez_compressed
    label_type = str(random.choice(["u1", "i8", "u8", "f4"]))
    save(stream, x=_array(random), labels=random.integers(0, 4, 9).astype(label_type))
    (folder / "a.npz").write_bytes(mangle(stream.getvalue(), random))
    _use(f"npy:{folder / 'a.npz'}", folder, random)


def _idx(random: np.random.Generator, folder: pathlib.Path) -> None:
    ending = ".gz" if random.integers(2) else ""
    for prefix in ("train", "t10k")[: random.integers(1, 3)]:
        shape = [(9, 6, 6), (0, 6, 6), (9, 0, 0), (9, 6, 5)][random.choice(4, p=[0.7, *[0.1] * 3])]
        contents = {
            "images-idx3": struct.pack(">4I", 0x803, *shape) + random.bytes(int(np.prod(shape))),
            "labels-idx1": struct.pack(">2I", 0x801, 9) + bytes(random.integers(0, 4, 9).tolist()),
        }
        for name, content in contents.items():
            if random.integers(3) == 0:
                content = mangle(content, random)
            content = gzip.compress(content) if ending else content
            if random.integers(3) == 0:
                content = mangle(content, random)
            (folder / f"{prefix}-{name}-ubyte{ending}").write_bytes(content)
    _use(f"idx:{folder}", folder, random)


def _image_bytes(random: np.random.Generator) -> bytes:
    mode = str(random.choice(["RGB", "L", "RGBA", "LA", "P", "1", "I;16", "F", "CMYK", "I"]))
    height, width = (int(n) for n in random.integers(1, 12, 2))
    stream = io.BytesIO()
    image = Image.fromarray(random.integers(0, 256, (height, width, 3)).astype(np.uint8))
    image = image.convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)
    for name in (str(random.choice(_IMAGE_FORMATS)), "PNG", "TIFF"):
        try:
            image.save(stream, name)
        except (OSError, ValueError):  # Not every format has every mode.
            stream = io.BytesIO()
            continue
        return stream.getvalue()
    raise AssertionError(mode)


def _images(random: np.random.Generator, folder: pathlib.Path) -> None:
    root = folder / "images"
    parents = [("",), ("cat", "dog"), ("train/cat", "test/cat"), ("caf\udce9", "a, b\n")]
    for parent in parents[random.integers(4)]:
        (root / parent).mkdir(parents=True)
        for name in random.choice(_NAMES, int(random.integers(1, 5)), replace=False):
            path = root / parent / str(name)
            match random.integers(0, 12):
                case 0:
                    os.mkfifo(path)
                case 1:
                    path.symlink_to("absent")
                case 2:
                    path.symlink_to(root)
                case 3:
                    path.symlink_to(path)
                case 4:
                    path.mkdir()
                case 5 | 6 | 7:
                    path.write_bytes(mangle(_image_bytes(random), random))
                case _:
                    path.write_bytes(_image_bytes(random))
    _use(f"folder:{root}", folder, random)


def _store(random: np.random.Generator, folder: pathlib.Path) -> None:
    images, labels = random.integers(0, 256, (9, 8, 8)).astype(np.uint8), np.arange(9) % 3
    np.savez(folder / "a.npz", images=images, labels=labels)
    config = Config(dataset=f"npy:{folder / 'a.npz'}", data_dir=str(folder / "data"))
    digest = open_store(config, "train").info.digest
    (store,) = folder.glob("data/wgan_tf_stores/*/")
    for file in store.iterdir():
        if random.integers(2):
            content = file.read_bytes()
            if file.suffix == ".json":
                text = mangle_text(content.decode(), random)
                file.write_bytes(text.encode("utf-8", "surrogateescape"))
            else:
                file.write_bytes(mangle(content, random))
    describe(config, "train")
    again = open_store(config, "train")
    found, found_labels = again.read(np.arange(again.num_examples))
    if again.info.digest == digest:
        np.testing.assert_array_equal(found[..., 0], images)
        np.testing.assert_array_equal(found_labels, labels)


def _flagfile(random: np.random.Generator, folder: pathlib.Path) -> None:
    text = to_flagfile(Config(workdir=str(folder / "run"), classes=("a, b", 'c "d"')))
    text = f"# A comment\n{text}--flagfile={folder / 'b.flags'}\n"
    for name in ("a.flags", "b.flags"):
        mangled = mangle_text(text, random).encode("utf-8", "surrogateescape")
        (folder / name).write_bytes(mangled)
    expand_flagfiles(["fuzz", f"--flagfile={folder / 'a.flags'}"])
    Config.from_flagfile(folder / "a.flags")


def _run_folder(random: np.random.Generator, folder: pathlib.Path) -> None:
    config = Config(workdir=str(folder / "run"), classes=("a, b",))
    info = {
        "example_shape": [8, 8, 1],
        "num_examples": 9,
        "class_names": ["a, b", "c"],
        "digest": "0123",
        "class_counts": [4, 5],
        "trajectory_version": 2,
        "onednn": True,
    }
    card = {"dataset": "digits", "versions": {"keras": "3"}, "latent": {"dim": 3}, "classes": None}
    metrics = '{"step": 1, "critic_loss": 0.5}\n{"step": 2, "critic_loss": NaN}\n'
    files = {
        "config.flags": to_flagfile(config),
        "dataset.json": json.dumps(info),
        "metrics.jsonl": metrics,
        "export/1/assets.extra/model_card.json": json.dumps(card),
        "export/1/saved_model.pb": "",
    }
    mangled = str(random.choice([*files]))
    for name, text in files.items():
        path = folder / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = mangle_text(text, random) if name == mangled else text
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    run = RunFolder(str(folder / "run"))
    readers: dict[str, Callable[[], object]] = {
        "config.flags": lambda: from_flagfile(to_flagfile(run.read_config()), "config.flags"),
        "dataset.json": lambda: (run.read_info(), run.check_same_run(config)),
        "metrics.jsonl": lambda: read_metrics(run.metrics_file),
        "export/1/assets.extra/model_card.json": functools.partial(read_model_card, run.exports),
    }
    readers.get(mangled, lambda: None)()


KINDS: dict[str, Callable[[np.random.Generator, pathlib.Path], None]] = {
    "an .npy of images": _npy,
    "an .npy of odd values": _odd_array,
    "an .npy of points": _points,
    "an .npz": _archive,
    "IDX files": _idx,
    "images": _images,
    "a prepared store": _store,
    "a flagfile": _flagfile,
    "a run's folder": _run_folder,
}
