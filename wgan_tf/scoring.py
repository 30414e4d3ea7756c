"""What `wgan_tf.evaluate` measures, and what it tells."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from wgan_tf import drawing
from wgan_tf.config import Config, label_distribution
from wgan_tf.data.store import Store
from wgan_tf.errors import UserError
from wgan_tf.examples import open_examples
from wgan_tf.files import write_output
from wgan_tf.labels import label_weights
from wgan_tf.objectives import OBJECTIVES
from wgan_tf.quality import build_quality, class_chunks, generated_examples, generated_labels
from wgan_tf.restoring import Checkpoint, restore_checkpoint
from wgan_tf.run_folder import RunFolder
from wgan_tf.training.inspection import held_out_batches
from wgan_tf.training.step import HELD_OUT_ACCURACIES
from wgan_tf.training.trainer import Trainer

READ_AT_ONCE = 500


@dataclasses.dataclass(frozen=True)
class Subject:
    """Examples to be measured.

    Attributes:
        name: what they are, for people.
        examples: (count, seed, label weights of the real data) -> batches of that many examples.
        labels: (count, label weights of the real data) -> the classes [count] that they are asked
            for; None without.
        critic_metrics: (the training and the held-out examples, count) -> what the critic that
            was trained with a generator says of so many held-out and generated examples.
    """

    name: str
    examples: Callable[[int, int, Sequence[int]], Iterator[np.ndarray]]
    labels: Callable[[int, Sequence[int]], np.ndarray | None] = lambda count, weights: None
    critic_metrics: Callable[[Store, Store, int], Mapping[str, float]] = (
        lambda train, held_out, count: {}
    )


@dataclasses.dataclass(frozen=True)
class Scores:
    """Metrics, and what they depend on."""

    subject: str
    values: Mapping[str, float]
    protocol: Mapping[str, object]

    def table(self) -> str:
        """The metrics a line each, then the protocol."""
        width = max(map(len, self.values))
        lines = [f"{name:<{width}}  {value:.6g}" for name, value in self.values.items()]
        protocol = ", ".join(f"{name} {value}" for name, value in self.protocol.items())
        return "\n".join([self.subject, *lines, f"({protocol})"])

    def write(self, path: str) -> None:
        """Writes all as JSON.

        Raises:
            UserError: the file cannot be written.
        """
        text = json.dumps(dataclasses.asdict(self), indent=2) + "\n"
        write_output(path, text.encode())


def score(subject: Subject, config: Config, *, count: int, seed: int) -> Scores:
    """Measures by all metrics that suit the data, against `--eval_split`, or `--train_split`.

    Args:
        subject: what is measured.
        config: names the real examples and the features.
        count: examples to measure.
        seed: of generated ones.

    Raises:
        UserError: the data or the features cannot be had, or the subject does not fit them.
    """
    train = open_examples(config, config.train_split)
    held_out = open_examples(config, config.eval_split) if config.eval_split else None
    quality = build_quality(config, train, held_out, num_examples=count, tell=_tell)
    weights = label_weights(config, train)
    examples = _fitting(subject, subject.examples(count, seed, weights), train.example_shape)
    labels = subject.labels(count, weights)
    protocol = {**quality.protocol, "generator_seed": seed}
    if labels is not None:
        protocol["label_distribution"] = label_distribution(config)
    values = dict(quality.measure(examples, labels))
    if held_out is not None:
        values.update(subject.critic_metrics(train, held_out, count))
    return Scores(subject.name, values, protocol)


def run_subject(folder: RunFolder, checkpoint: Checkpoint) -> Subject:
    """A run's moving-average generator at a checkpoint: best, last or a step.

    Raises:
        UserError: no such run or checkpoint.
    """
    sampler, step = drawing.restore_run_sampler(folder, checkpoint)

    def own(weights: Sequence[int]) -> Sequence[int]:
        # The real data may be others than those of the run.
        fits = len(weights) == sampler.num_classes
        return weights if fits else (1,) * sampler.num_classes

    return Subject(
        f"{folder.path} at step {step:,}",
        lambda count, seed, weights: generated_examples(sampler, count, own(weights), seed),
        lambda count, weights: generated_labels(count, own(weights)),
        lambda train, held_out, count: _held_out_accuracies(
            folder, checkpoint, train, held_out, count
        ),
    )


def _held_out_accuracies(
    folder: RunFolder, checkpoint: Checkpoint, train: Store, held_out: Store, count: int
) -> Mapping[str, float]:
    """The discriminator's accuracies on held-out and on as many generated examples, if it is one.

    Seen as training sees them: of the generator itself, not of its moving average.
    """
    config = folder.read_config()
    if not OBJECTIVES[config.objective].critic_metrics:
        return {}
    trainer = Trainer(config, train, tf.distribute.get_strategy())
    restore_checkpoint(
        folder,
        checkpoint,
        lambda path: trainer.state.read(path).assert_existing_objects_matched(),
    )
    found = trainer.held_out_metrics(held_out_batches(config, held_out, count))
    return {
        f"held_out_{name}": value for name, value in found.items() if name in HELD_OUT_ACCURACIES
    }


def saved_model_subject(path: str) -> Subject:
    """A SavedModel that samples as ours do: `sample(n, seed[, label])`.

    Raises:
        UserError: it is none, or has no such signature.
    """
    try:
        model = tf.saved_model.load(path)
        sample = model.signatures["sample"]
    except (OSError, KeyError, tf.errors.OpError) as error:
        raise UserError(
            f"--saved_model={path} is no SavedModel with the signature sample(n, seed); name a "
            "version's folder, such as export/1, or draw pictures and give them as --images."
        ) from error
    is_conditional = "label" in sample.structured_input_signature[1]

    # Naming the model in here keeps its variables alive.
    def examples(count: int, seed: int, weights: Sequence[int]) -> Iterator[np.ndarray]:
        assert model is not None
        for number, size, label in class_chunks(count, weights if is_conditional else ()):
            arguments = {"n": tf.constant(size), "seed": tf.constant(seed + number, tf.int64)}
            if label is not None:
                arguments["label"] = tf.constant(label)
            (drawn,) = sample(**arguments).values()
            yield drawn.numpy()

    return Subject(
        path,
        examples,
        lambda count, weights: generated_labels(count, weights if is_conditional else ()),
    )


def pictures_subject(dataset: str, config: Config) -> Subject:
    """Pictures of anybody's, prepared as the real ones are.

    Raises:
        UserError: they cannot be read.
    """
    store = open_examples(dataclasses.replace(config, dataset=dataset, classes=()), "train")

    def examples(count: int, seed: int, weights: Sequence[int]) -> Iterator[np.ndarray]:
        if store.num_examples < count:
            raise UserError(
                f"--n={count} pictures are asked for, but --images={dataset} has "
                f"{store.num_examples}; give --n={store.num_examples}."
            )
        for start in range(0, count, READ_AT_ONCE):
            yield store.read(np.arange(start, min(start + READ_AT_ONCE, count)))[0]

    return Subject(dataset, examples)


def _fitting(
    subject: Subject, batches: Iterator[np.ndarray], example_shape: tuple[int, ...]
) -> Iterator[np.ndarray]:
    for batch in batches:
        if batch.shape[1:] != example_shape:
            raise UserError(
                f"{subject.name} has examples of shape {batch.shape[1:]}, but the real ones have "
                f"{example_shape}; give --image_size, or compare with other data."
            )
        yield batch


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
