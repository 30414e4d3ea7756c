import dataclasses
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from tests.philox import reference_draw
from tests.untrained import write_run
from wgan_tf.config import Config
from wgan_tf.data.store import open_store
from wgan_tf.errors import UserError
from wgan_tf.monitoring.grids import image_grid
from wgan_tf.run_folder import RunFolder
from wgan_tf.sampling.kinds import traversal
from wgan_tf.sampling.output import write_samples
from wgan_tf.sampling.request import Request
from wgan_tf.serving.export import export
from wgan_tf.serving.sampler import Sampler
from wgan_tf.serving.served_module import ServedModule
from wgan_tf.serving.trained_generator import restore_module


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A run, what draws from it, and what draws from it independently."""

    folder: RunFolder
    sampler: Sampler
    module: ServedModule

    def draw(self, request: Request) -> None:
        write_samples(self.sampler, request, self.folder.open_training_examples)


def drawn_from(folder: RunFolder) -> Drawn:
    module, _ = restore_module(folder)
    return Drawn(folder, Sampler.of_module(module, f"--workdir={folder.path}"), module)


@pytest.fixture(scope="module")
def config(dcgan_config: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    return dataclasses.replace(dcgan_config, data_dir=str(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def plain(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    digits = open_store(config, "train")
    path = tmp_path_factory.mktemp("runs") / "plain"
    return drawn_from(write_run(path, config, digest=digits.info.digest))


@pytest.fixture(scope="module")
def conditional(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    config = dataclasses.replace(config, conditional="auxiliary_classifier")
    return drawn_from(write_run(tmp_path_factory.mktemp("runs") / "conditional", config))


def read(path: Path) -> np.ndarray:
    return np.asarray(PIL.Image.open(path))


def test_a_grid_holds_the_samples_of_the_seed(plain: Drawn, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    plain.draw(Request(str(out), n=20, seed=5))
    expected = image_grid(plain.sampler.draw(20, 5))
    np.testing.assert_array_equal(read(out), expected[..., 0])


def test_a_conditional_run_is_shown_class_by_class(conditional: Drawn, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    conditional.draw(Request(str(out), n=8, seed=9))
    grid = conditional.sampler.draw_class_grid(rows=3, seed=9)[:8]
    np.testing.assert_array_equal(read(out), image_grid(grid, columns=3)[..., 0])


@pytest.mark.parametrize(("label", "number"), [("bag", 1), ("0", 0), ("7", 2)])
def test_a_class_is_drawn_by_name_or_number(
    conditional: Drawn, tmp_path: Path, label: str, number: int
) -> None:
    out = tmp_path / "grid.png"
    conditional.draw(Request(str(out), n=4, seed=9, label=label))
    expected = image_grid(conditional.sampler.draw(4, 9, number))
    np.testing.assert_array_equal(read(out), expected[..., 0])


def test_a_folder_holds_single_pictures(plain: Drawn, conditional: Drawn, tmp_path: Path) -> None:
    plain.draw(Request(f"{tmp_path}/new/pictures", n=35, seed=2))
    files = sorted((tmp_path / "new" / "pictures").iterdir())
    assert [file.name for file in files] == [f"{i:07d}.png" for i in range(35)]
    expected = plain.sampler.draw(35, 2)[..., 0]
    np.testing.assert_array_equal([read(file) for file in files], expected)

    conditional.draw(Request(f"{tmp_path}/classes/", n=7, seed=2))
    for label in range(3):
        expected = conditional.sampler.draw(7, 2, label)[label::3, ..., 0]
        files = [tmp_path / "classes" / f"{i:07d}.png" for i in range(label, 7, 3)]
        difference = np.abs(np.array([read(file) for file in files], int) - expected)
        # One block holds one class there and all classes here: rounding may differ.
        assert difference.max() <= 1


def test_a_folder_that_is_not_empty_is_let_be(plain: Drawn, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    with pytest.raises(UserError, match=f"--out={tmp_path}/kept cannot be written.*empty"):
        plain.draw(Request(f"{tmp_path}/kept", n=3))
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]


def test_an_interpolation_goes_from_one_seed_to_the_other(plain: Drawn, tmp_path: Path) -> None:
    out = tmp_path / "ways.png"
    plain.draw(Request(str(out), kind="interpolation", n=15, columns=5, seed=3, to_seed=8))
    ends = [plain.sampler.draw(3, seed) for seed in (3, 8)]
    picture = read(out)
    for column, expected in ((0, ends[0]), (-1, ends[1])):
        shown = cells(picture, rows=3, columns=5)[:, column]
        assert np.abs(shown.astype(int) - expected[..., 0]).max() <= 1


def cells(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The pictures of a grid of 8x8 pictures: [rows, columns, 8, 8]."""
    height, width = (picture.shape[0] + 2) // rows, (picture.shape[1] + 2) // columns
    scale = (height - 2) // 8
    return np.array(
        [
            [
                picture[row * height :, column * width :][: 8 * scale : scale, : 8 * scale : scale]
                for column in range(columns)
            ]
            for row in range(rows)
        ]
    )


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_an_animation_goes_there_and_back(plain: Drawn, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"ways.{suffix}"
    plain.draw(Request(str(out), kind="interpolation", n=4, frames=5, seed=3, to_seed=8))
    with PIL.Image.open(out) as animation:
        assert animation.n_frames == 8
        for frame, seed in ((0, 3), (4, 8)):
            animation.seek(frame)
            expected = image_grid(plain.sampler.draw(4, seed))[..., 0]
            shown = np.asarray(animation.convert("L"))
            assert np.abs(shown.astype(int) - expected).max() <= 1


def test_a_traversal_shows_what_a_number_of_the_latent_does(plain: Drawn) -> None:
    request = Request("x.png", kind="traversal", n=8, columns=4, seed=6)
    pictures = traversal(plain.sampler, request)
    assert pictures.shape == (2, 4, 8, 8, 1)
    latent = plain.sampler.latents(1, 6)
    middle = np.repeat(latent, 2, axis=0)
    middle[0, 0] = middle[1, 1] = 0.3186394  # The normal distribution's quantile of 0.625.
    expected = plain.module.serving_default(middle)["images"] * 255
    np.testing.assert_allclose(pictures[:, 2], expected, atol=0.51)


def test_samples_lie_beside_the_training_pictures_nearest_to_them(
    plain: Drawn, config: Config, tmp_path: Path
) -> None:
    out = tmp_path / "near.png"
    plain.draw(Request(str(out), kind="neighbours", n=6, columns=3, seed=1))
    shown = cells(read(out), rows=2, columns=3)
    samples = plain.sampler.draw(2, 1)[..., 0]
    np.testing.assert_array_equal(shown[:, 0], samples)
    store = open_store(config, "train")
    digits = np.asarray(store.examples)[..., 0].astype(int)
    for row in range(2):
        squares = ((digits - samples[row].astype(int)) ** 2).sum(axis=(1, 2))
        nearest = np.argsort(squares, kind="stable")[:2]
        np.testing.assert_array_equal(shown[row, 1:], digits[nearest])


def test_other_training_pictures_are_a_mistake(conditional: Drawn, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not those that the run"):
        conditional.draw(Request(f"{tmp_path}/near.png", kind="neighbours"))


def test_training_pictures_that_are_not_there_cannot_be_shown(plain: Drawn, tmp_path: Path) -> None:
    near = Request(f"{tmp_path}/near.png", kind="neighbours")
    with pytest.raises(UserError, match="--saved_model does not have"):
        write_samples(plain.sampler, near, training_images=None)
    many = Request(f"{tmp_path}/near.png", kind="neighbours", n=2000, columns=2000)
    with pytest.raises(UserError, match="--columns=2000 shows 1999 training images"):
        plain.draw(many)


def test_truncation_changes_the_latents(plain: Drawn, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    plain.draw(Request(str(out), n=9, seed=5, truncation=1e-3))
    center = plain.module.serving_default(np.zeros([1, 3], np.float32))["images"].numpy()
    expected = image_grid(np.round(center * 255).astype(np.uint8).repeat(9, axis=0))
    assert np.abs(read(out).astype(int) - expected[..., 0]).max() <= 1


def test_a_saved_model_draws_as_its_run_does(conditional: Drawn, tmp_path: Path) -> None:
    version = Path(export(conditional.folder))
    pictures = []
    for source in (version, version.parent):
        loaded = Sampler.of_saved_model(str(source))
        assert loaded.spec.class_names == ("sandal", "bag", "7")
        out = tmp_path / "loaded.png"
        write_samples(loaded, Request(str(out), n=8, seed=9), None)
        pictures.append(read(out))
    conditional.draw(Request(f"{tmp_path}/run.png", n=8, seed=9))
    for picture in pictures:
        np.testing.assert_array_equal(picture, read(tmp_path / "run.png"))


def test_a_model_card_says_how_many_latents_a_key_draws(conditional: Drawn, tmp_path: Path) -> None:
    version = Path(export(conditional.folder))
    card = version / "assets.extra" / "model_card.json"
    card.write_text(
        card.read_text().replace('"examples_per_block": 16', '"examples_per_block": 64')
    )
    latents = Sampler.of_saved_model(str(version)).latents(70, 9)
    drawn = [reference_draw((9, block), 64 * 3, "normal").reshape(64, 3) for block in range(2)]
    np.testing.assert_allclose(latents, np.concatenate(drawn)[:70], rtol=1e-5, atol=2e-6)


def test_what_is_no_saved_model_is_a_mistake(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UserError, match=f"--saved_model={path} holds no SavedModel"):
            Sampler.of_saved_model(str(path))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"out": "x.jpg"}, "--out=x.jpg"),
        ({"out": "x.png", "n": 10_001}, "--n=10001"),
        ({"out": "x.gif"}, "--kind=grid does not move"),
        ({"out": "x.png", "kind": "class_grid"}, "--kind=class_grid needs"),
        ({"out": "x.png", "kind": "traversal", "n": 32}, "4 rows.*latents of 3"),
        ({"out": "x.png", "kind": "neighbours", "columns": 1}, "--columns=1"),
        ({"out": "x.png", "kind": "interpolation", "columns": 1}, "at least 2 --columns"),
        ({"out": "x.png", "label": "bag"}, "--label=bag has no effect"),
        ({"out": "/dev/null/x.png"}, "--out=/dev/null/x.png cannot be written"),
        ({"out": "/dev/null/x"}, "--out=/dev/null/x cannot be written"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_a_mistake(
    plain: Drawn, options: dict[str, object], named: str
) -> None:
    with pytest.raises(UserError, match=named):
        plain.draw(Request(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("label", ["boot", "3", "-1", ""])
def test_a_class_that_is_not_there_is_a_mistake(
    conditional: Drawn, tmp_path: Path, label: str
) -> None:
    with pytest.raises(UserError, match=f"--label={label} .*sandal, bag, 7"):
        conditional.draw(Request(f"{tmp_path}/grid.png", label=label))
    with pytest.raises(UserError, match="--kind=class_grid, which draws all"):
        conditional.draw(Request(f"{tmp_path}/grid.png", label="bag", kind="class_grid"))


def test_points_are_drawn_as_a_plot_alone(mlp_config: Config, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", mlp_config, example_shape=(2,), class_names=None)
    points = drawn_from(folder)
    points.draw(Request(f"{tmp_path}/plot.png", n=50))
    assert read(tmp_path / "plot.png").shape == (512, 512, 3)
    for request in (Request(f"{tmp_path}/points"), Request("x.png", kind="interpolation")):
        with pytest.raises(UserError, match="draws points"):
            points.draw(request)
