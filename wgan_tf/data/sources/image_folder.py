"""The image files below a folder: which there are, of which split and of which class."""

import dataclasses
import os
import pathlib
import stat
from collections import Counter
from collections.abc import Iterator, Mapping

from wgan_tf.data.sources.image_files import HEIF_ENDINGS, image_endings, is_image
from wgan_tf.errors import UserError, printable

_TRAINING_FOLDERS = frozenset({"train", "training"})
_SPLIT_FOLDERS = _TRAINING_FOLDERS | {"test", "testing", "val", "valid", "validation"}


@dataclasses.dataclass(frozen=True)
class ImageFile:
    """A file that is to be read as an image; `class_name` is None without class folders."""

    path: pathlib.Path
    class_name: str | None


@dataclasses.dataclass(frozen=True)
class ImageFolder:
    """The image files below a folder.

    Attributes:
        root: the folder.
        splits: the files of each split, in sorted order.
        class_names: the class folders that hold images, sorted, of all splits; empty for none.
        left_out: file to reason, for each image file that does not belong to the data set.
        passed_over: how many other files there are, by the ending of their names.
    """

    root: pathlib.Path
    splits: Mapping[str, tuple[ImageFile, ...]]
    class_names: tuple[str, ...]
    left_out: Mapping[pathlib.Path, str]
    passed_over: Mapping[str, int]

    def relative(self, path: pathlib.Path) -> str:
        """A file's name below the folder, for people."""
        return readable(str(path.relative_to(self.root)))


def readable(name: str) -> str:
    r"""A file's name as text that can be printed: other bytes and characters as \xNN or \n."""
    return printable(os.fsencode(name).decode("utf-8", "backslashreplace"))


def list_images(root: pathlib.Path) -> ImageFolder:
    """Lists a folder's images without decoding them; hidden files are passed over.

    Subfolders are classes. Where they are called train and, if there are others, test, val or
    validation, they are splits, and the classes are their subfolders.

    Raises:
        UserError: the folder is missing or holds no images.
    """
    if not root.is_dir():
        raise UserError(f"--dataset=folder:{root} is not a folder; give one with images.")
    found = _Listing(root)
    top = {path.relative_to(root).parts[0] for path in found.files if path.parent != root}
    names = {name.lower() for name in top}
    is_split = bool(names & _TRAINING_FOLDERS) and names <= _SPLIT_FOLDERS
    left_out = dict(found.left_out)
    members: dict[str, list[pathlib.Path]] = {}
    for path in found.files:
        if not is_split:
            members.setdefault("train", []).append(path)
        elif path.parent == root:
            left_out[path] = "is in no split's folder"
        else:
            members.setdefault(path.relative_to(root).parts[0], []).append(path)
    splits = {}
    for name, paths in members.items():
        split_root = root / name if is_split else root
        files, strays = _by_class(split_root, paths)
        splits[name] = files
        left_out |= dict.fromkeys(strays, "is in no class folder")
    if not any(splits.values()):
        raise UserError(f"--dataset=folder:{root} holds no images{_instead(root, found)}.")
    classes = {file.class_name for files in splits.values() for file in files}
    class_names = tuple(sorted(name for name in classes if name is not None))
    return ImageFolder(root, splits, class_names, left_out, dict(found.passed_over))


def _by_class(
    root: pathlib.Path, paths: list[pathlib.Path]
) -> tuple[tuple[ImageFile, ...], list[pathlib.Path]]:
    """The files of a split, and those that lie beside its class folders."""
    raw = {path: path.relative_to(root).parts[0] for path in paths if path.parent != root}
    if not raw:
        return tuple(ImageFile(path, None) for path in paths), []
    names = {name: readable(name) for name in set(raw.values())}
    if len(set(names.values())) < len(names):
        raise UserError(
            f"--dataset=folder:{root} has class folders that differ only in bytes that are not "
            "UTF-8; rename them."
        )
    files = tuple(ImageFile(path, names[raw[path]]) for path in paths if path in raw)
    return files, [path for path in paths if path not in raw]


def _instead(root: pathlib.Path, found: "_Listing") -> str:
    remedy = "give a folder with files such as .png or .jpg, or with a subfolder for each class"
    if found.left_out:
        path, why = next(iter(found.left_out.items()))
        first = readable(str(path.relative_to(root)))
        return f", the first of {len(found.left_out)} left out, {first}, {why}; {remedy}"
    if found.passed_over:
        return f", only {count_by_ending(found.passed_over)}; {remedy}"
    return f"; {remedy}"


def count_by_ending(counts: Mapping[str, int]) -> str:
    """Files by ending in words: "3 .txt, 1 without an ending"."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {ending or 'without an ending'}" for ending, count in ordered[:10])


class _Listing:
    """Walks a folder, through links to folders as well.

    Attributes:
        files: regular files that are to be read as images, sorted.
        left_out: see `ImageFolder`.
        passed_over: see `ImageFolder`.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self.left_out: dict[pathlib.Path, str] = {}
        self.passed_over: Counter[str] = Counter()
        self._endings = image_endings()
        self.files = sorted(self._walk(root))

    def _walk(self, root: pathlib.Path) -> Iterator[pathlib.Path]:
        folders: list[tuple[pathlib.Path, frozenset[tuple[int, int]]]] = [(root, frozenset())]
        while folders:
            folder, above = folders.pop()
            status = folder.stat()
            inside = above | {(status.st_dev, status.st_ino)}
            with os.scandir(folder) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
            for entry in visible:
                path = folder / entry.name
                try:
                    status = entry.stat()
                except OSError as error:
                    why = "is a broken link" if entry.is_symlink() else str(error.strerror)
                    self.left_out[path] = why
                    continue
                if stat.S_ISDIR(status.st_mode):
                    if (status.st_dev, status.st_ino) in inside:
                        self.left_out[path] = "is a link to a folder that holds it"
                    else:
                        folders.append((path, inside))
                elif not stat.S_ISREG(status.st_mode):
                    self.left_out[path] = "is not a regular file"
                elif self._is_wanted(path):
                    yield path

    def _is_wanted(self, path: pathlib.Path) -> bool:
        ending = readable(path.suffix.lower())
        if ending in self._endings or (not ending and is_image(path)):
            return True
        if ending in HEIF_ENDINGS:
            self.left_out[path] = "needs the package pillow-heif (pip install 'wgan_tf[heif]')"
        else:
            self.passed_over[ending] += 1
        return False
