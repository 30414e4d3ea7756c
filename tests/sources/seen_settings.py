"""A preset as a row: its networks as they are built, its options in the table's words."""

import dataclasses
import functools
import re

import numpy as np
import tensorflow as tf

from tests.dataset_info import info_of
from tests.sources.notation import Constraint, Network, Objective, Row
from tests.sources.seen_networks import read_network
from wgan_tf.config import Config, label_distribution
from wgan_tf.data.sources.registry import resolve
from wgan_tf.networks import registry
from wgan_tf.networks.layers import OUTPUT_RANGES
from wgan_tf.objectives import OBJECTIVES
from wgan_tf.training import schedule
from wgan_tf.training.optimizers import build_optimizer

CLASSES = 10
CONSTRAINTS = {
    "none": "none",
    "weight_clipping": "clipping",
    "gradient_penalty": "two_sided",
    "one_sided_gradient_penalty": "one_sided",
    "spectral_norm": "spectral_norm",
}
PLACES = {
    "outside_root": "outside",
    "inside_root": "inside",
    "outside_corrected_root": "corrected",
}
# Examples by split, and the shape of one.
DATASETS = {
    "mnist": ({"train": 60_000, "test": 10_000}, (28, 28, 1)),
    "fashion_mnist": ({"train": 60_000, "test": 10_000}, (28, 28, 1)),
    "cifar10": ({"train": 50_000, "test": 10_000}, (32, 32, 3)),
    "celeb_a": ({"train": 162_770, "validation": 19_867, "test": 19_962}, (64, 64, 3)),
    "lsun/bedroom": ({"train": 3_033_042, "validation": 300}, (64, 64, 3)),
    "imagenet64": ({"train": 1_281_149, "validation": 49_999}, (64, 64, 3)),
    "camel": ({"train": 121_399}, (28, 28, 1)),
    "images": ({"train": 1000}, (64, 64, 3)),
    "digits": ({"train": 1797}, (8, 8, 1)),
    "8gaussians": ({"train": 100_000}, (2,)),
    "25gaussians": ({"train": 100_000}, (2,)),
    "swissroll": ({"train": 100_000}, (2,)),
}
NAMES = {
    "npy:camel.npy": "camel",
    "folder:images": "images",
    "downsampled_imagenet/64x64": "imagenet64",
}


@dataclasses.dataclass(frozen=True)
class SeenOptimizer:
    """An optimizer of ours, which goes its path when asked."""

    config: Config = dataclasses.field(repr=False)
    rate: float

    @property
    def kind(self) -> str:
        return self.config.optimizer

    @property
    def epsilon(self) -> float:
        return self.config.epsilon

    @property
    def place(self) -> str:
        return PLACES[self.config.epsilon_placement]

    def path(self, gradients: np.ndarray) -> np.ndarray:
        variable = tf.keras.Variable(np.zeros(gradients.shape[1]), dtype="float32")
        optimizer = build_optimizer(self.config, self.rate, [variable])
        path = []
        for gradient in gradients:
            optimizer.apply([tf.constant(gradient, tf.float32)], [variable])
            path.append(variable.numpy().astype(np.float64))
        return np.stack(path)


def read_preset(config: Config, *, with_networks: bool) -> Row:
    """The row of a configuration; `with_networks`, both networks are built."""
    generator = critic = None
    if with_networks:
        generator, critic = _networks(config)
    takes_statistics = config.critic_step_generator == "training"
    batch_size = config.batch_size
    generator_batch_size = batch_size * config.generator_batch_multiple
    name = _dataset(config)
    return Row(
        generator=generator,
        critic=critic,
        output_range=OUTPUT_RANGES[config.output_activation] or "points",
        latent=(config.latent_dim, config.latent_distribution),
        objective=_objective(config),
        constraint=_constraint(config),
        clip_timing=config.clip_timing.removesuffix("_update"),
        generator_optimizer=SeenOptimizer(config, config.generator_learning_rate),
        critic_optimizer=SeenOptimizer(config, config.critic_learning_rate),
        learning_rates=lambda progress: float(
            schedule.learning_rate_factor(config, tf.constant(progress * config.steps))
        ),
        batch_size=batch_size,
        generator_batch_size=generator_batch_size,
        critic_steps=functools.partial(_critic_steps, config),
        steps=config.steps,
        critic_updates=config.critic_updates,
        critic_passes=config.critic_passes,
        critic_batches=config.critic_batches,
        critic_step_generator=config.critic_step_generator,
        norm_examples=(batch_size if takes_statistics else None, generator_batch_size),
        class_weights=(
            config.critic_class_weight,
            config.critic_class_weight if config.classify_generated else 0.0,
            config.generator_class_weight,
        ),
        critic_step_labels=config.critic_step_labels,
        label_distribution=label_distribution(config),
        ema_decay=config.ema_decay,
        sampling_statistics=config.sampling_statistics,
        sampling_dropout=False,
        dataset=name,
        examples=_examples(config),
        real_batches="independent" if _is_drawn_anew(config) else "epochs",
        preparation="cropped" if config.image_size else None,
        precision=config.precision,
        dequantized=config.dequantize,
    )


def _networks(config: Config) -> tuple[Network, Network]:
    classes = CLASSES if config.conditional != "none" else 0
    _, shape = DATASETS[_dataset(config)]
    info = info_of(shape, classes)
    registry.check(config, info)
    return (
        read_network(registry.build_generator(config, info)),
        read_network(registry.build_critic(config, info)),
    )


def _objective(config: Config) -> Objective:
    objective = OBJECTIVES[config.objective]
    return Objective(objective.real_loss, objective.generated_loss, objective.generator_loss)


def _constraint(config: Config) -> Constraint:
    kind = CONSTRAINTS[config.lipschitz]
    if kind == "clipping":
        return Constraint(kind, config.clip_value)
    if kind.endswith("sided"):
        return Constraint(kind, config.penalty_weight, "uniform")
    return Constraint(kind)


@functools.cache
def _all_critic_steps(config: Config, steps: int) -> np.ndarray:
    counts = schedule.critic_steps_at(config, tf.range(steps, dtype=tf.int64))
    return np.broadcast_to(counts.numpy(), steps)


def _critic_steps(config: Config, step: int) -> int:
    return int(_all_critic_steps(config, 3000)[step])


def _dataset(config: Config) -> str:
    return NAMES.get(config.dataset, config.dataset.removeprefix("toy:"))


def _is_drawn_anew(config: Config) -> bool:
    if not config.dataset.startswith("toy:") or config.train_split != "train":
        return False
    return resolve(config.dataset, "").draw_batch is not None


def _examples(config: Config) -> int | str:
    if _is_drawn_anew(config):
        return "endless"
    splits, _ = DATASETS[_dataset(config)]
    count = 0
    for part in config.train_split.split("+"):
        name, end, percent = re.fullmatch(r"(\w+)(?:\[:(\d+)(%?)\])?", part).groups()
        taken = int(end or splits[name])
        count += min(splits[name], splits[name] * taken // 100 if percent else taken)
    return count * len(config.classes) // CLASSES if config.classes else count
