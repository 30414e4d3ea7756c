from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from tests.data.helpers import describe, open_all, told
from tests.data.sources.tfds_builders import describe_it, tiny_image


def test_known_name_is_prepared_and_read(tmp_path: Path) -> None:
    before = describe_it("wgan_tf_tiny", tmp_path)
    assert before.num_examples is None
    assert before.example_shape == (8, 8, 3)
    assert before.class_names == ("ant", "bee", "cow")
    assert not list(tmp_path.iterdir())
    store = open_all("wgan_tf_tiny", tmp_path, split="train[:10]", image_size=8)
    expected = [tiny_image(number, 8) for number in range(10)]
    np.testing.assert_array_equal(store.examples, expected)
    np.testing.assert_array_equal(store.labels, np.arange(10) % 3)
    assert describe_it("wgan_tf_tiny", tmp_path, split="train+test").num_examples == 15


def test_data_prepared_elsewhere_need_no_code(tmp_path: Path) -> None:
    tfds.builder("wgan_tf_tiny", data_dir=tmp_path / "old").download_and_prepare()
    (tmp_path / "new" / "wgan_tf_foreign").mkdir(parents=True)
    prepared = tmp_path / "old" / "wgan_tf_tiny" / "1.2.0"
    for file in prepared.iterdir():
        file.write_bytes(file.read_bytes().replace(b"wgan_tf_tiny", b"wgan_tf_foreign"))
        if "wgan_tf_tiny" in file.name:
            file.rename(file.with_name(file.name.replace("wgan_tf_tiny", "wgan_tf_foreign")))
    prepared.rename(tmp_path / "new" / "wgan_tf_foreign" / "1.2.0")
    store = open_all("wgan_tf_foreign", tmp_path / "new", image_size=8)
    assert store.num_examples == 12
    assert store.info.class_names == ("ant", "bee", "cow")


def test_examples_marked_unlabelled_make_an_unlabelled_store(tmp_path: Path) -> None:
    store = open_all("wgan_tf_tiny", tmp_path, split="test", image_size=8)
    assert store.num_examples == 3
    assert store.labels is None
    assert store.info.class_names is None
    with told("--classes=ant", "wgan_tf_tiny"):
        open_all("wgan_tf_tiny", tmp_path, split="test", image_size=8, classes=("ant",))


def test_pictures_of_celeb_as_shape_are_cropped_and_unlabelled(tmp_path: Path) -> None:
    with told("wgan_tf_faces", "218 x 178", "--image_size"):
        describe_it("wgan_tf_faces", tmp_path, image_size=0)
    before = describe_it("wgan_tf_faces", tmp_path, image_size=64)
    assert (before.example_shape, before.class_names) == ((64, 64, 3), None)
    store = open_all("wgan_tf_faces", tmp_path, image_size=64)
    assert store.examples.shape == (5, 64, 64, 3)
    assert store.labels is None
    for number, image in enumerate(store.examples):
        # No white from above or below; bicubic reaches over the edge by a few pixels.
        assert (image[:, :29] == 10 * number).all()
        assert (image[:, 35:] == 100 + 10 * number).all()


def test_varying_size_needs_an_image_size(tmp_path: Path) -> None:
    with told("wgan_tf_tiny", "--image_size"):
        describe_it("wgan_tf_tiny", tmp_path, image_size=0)


def test_data_set_without_pictures_is_refused(tmp_path: Path) -> None:
    with told("wgan_tf_table", "text"):
        describe_it("wgan_tf_table", tmp_path)


def test_damaged_files_are_told(tmp_path: Path) -> None:
    builder = tfds.builder("wgan_tf_tiny", data_dir=tmp_path)
    builder.download_and_prepare()
    (file,) = Path(builder.data_dir).glob("*train*")
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    file.write_bytes(damaged)
    with told("wgan_tf_tiny", builder.data_dir, "damaged"):
        open_all("wgan_tf_tiny", tmp_path, image_size=8)


def test_unknown_names_offer_the_close_ones(tmp_path: Path) -> None:
    with told("--dataset=cifarr10", "cifar10", tmp_path):
        describe_it("cifarr10", tmp_path)
    with told("--dataset=qqqzzz", "tfds list"):
        describe_it("qqqzzz", tmp_path)
    with told("--dataset=mnist/nothing"):
        describe_it("mnist/nothing", tmp_path)
    for wrong in ("foldr:/pictures", "my set", "npy:", "mnist:3"):
        with told(f"--dataset={wrong}"):
            describe_it(wrong, tmp_path)


def test_class_names_may_come_with_the_download(tmp_path: Path) -> None:
    before = describe(
        "wgan_tf_unnamed", data_dir=str(tmp_path), split="train", image_size=8, classes=("bee",)
    )
    assert before.num_examples is None
    store = open_all("wgan_tf_unnamed", tmp_path, split="train", image_size=8, classes=("bee",))
    assert store.info.class_names == ("bee",)
    assert store.num_examples == 4
    with told("unknown class 'fly'"):
        describe(
            "wgan_tf_unnamed", data_dir=str(tmp_path), split="train", image_size=8, classes=("fly",)
        )
