"""What can be measured by all metrics that suit the data: a run, a SavedModel, images."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from wgan_tf.config import Config, label_distribution
from wgan_tf.data.store import Store, open_store
from wgan_tf.errors import UserError
from wgan_tf.evaluation.evaluator import EvaluationResult, build_evaluator, evaluate
from wgan_tf.labels import label_weights
from wgan_tf.log import log_to_stderr
from wgan_tf.objectives import OBJECTIVES
from wgan_tf.run_folder import RunFolder
from wgan_tf.serving.sampler import batch_labels, draw_batches, draw_by_signature
from wgan_tf.serving.trained_generator import restore_sampler
from wgan_tf.training.chosen_checkpoint import Checkpoint, restore_checkpoint
from wgan_tf.training.inspection import held_out_batches
from wgan_tf.training.step import HELD_OUT_ACCURACIES
from wgan_tf.training.trainer import Trainer

READ_AT_ONCE = 500
# As --n has it.
FEWEST_SUBJECTS = 100


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


def evaluate_subject(
    subject: Subject, config: Config, *, count: int, seed: int
) -> EvaluationResult:
    """Measures by all metrics that suit the data, against `--eval_split`, or `--train_split`.

    Args:
        subject: what is measured.
        config: names the real examples and the features.
        count: examples to measure.
        seed: of generated ones.

    Raises:
        UserError: the data or the features cannot be had, or the subject does not fit them.
    """
    train = open_store(config, config.train_split)
    held_out = open_store(config, config.eval_split) if config.eval_split else None
    evaluator = build_evaluator(config, train, held_out, num_examples=count, log=log_to_stderr)
    weights = label_weights(config, train.info) if train.info.class_names else ()
    labels = subject.labels(count, weights)
    result = evaluate(evaluator, subject.name, subject.examples(count, seed, weights), labels)
    protocol = {**result.protocol, "generator_seed": seed}
    if labels is not None:
        protocol["label_distribution"] = label_distribution(config)
    of_critic = {} if held_out is None else subject.critic_metrics(train, held_out, count)
    return EvaluationResult(subject.name, {**result.values, **of_critic}, protocol)


def run_subject(folder: RunFolder, checkpoint: Checkpoint) -> Subject:
    """A run's moving-average generator at a checkpoint: best, last or a step.

    Raises:
        UserError: no such run or checkpoint.
    """
    sampler, step = restore_sampler(folder, checkpoint)
    return Subject(
        f"{folder.path} at step {step:,}",
        sampler.batches,
        sampler.labels,
        lambda train, held_out, count: _held_out_accuracies(
            folder, checkpoint, train, held_out, count
        ),
    )


def saved_model_subject(path: str) -> Subject:
    """A SavedModel that samples as ours do: `sample(n, seed[, label])`.

    Raises:
        UserError: it is none, or has no such signature.
    """
    draw, takes_labels = draw_by_signature(path)
    return Subject(
        path,
        lambda count, seed, weights: draw_batches(
            draw, count, seed, weights if takes_labels else ()
        ),
        lambda count, weights: batch_labels(count, weights if takes_labels else ()),
    )


def images_subject(dataset: str, config: Config) -> Subject:
    """Images of anybody's, prepared as the real ones are.

    Raises:
        UserError: they cannot be read.
    """
    store = open_store(dataclasses.replace(config, dataset=dataset, classes=()), "train")

    def examples(count: int, seed: int, weights: Sequence[int]) -> Iterator[np.ndarray]:
        if store.num_examples < count:
            enough = f"give --n={store.num_examples}"
            if store.num_examples < FEWEST_SUBJECTS:
                enough = f"give {FEWEST_SUBJECTS} or more"
            raise UserError(
                f"--n={count} images are asked for, but --images={dataset} has "
                f"{store.num_examples}; {enough}."
            )
        # Folders come sorted by class.
        chosen = np.random.default_rng(seed).permutation(store.num_examples)[:count]
        for start in range(0, count, READ_AT_ONCE):
            yield store.read(chosen[start : start + READ_AT_ONCE])[0]

    return Subject(dataset, examples)


def _held_out_accuracies(
    folder: RunFolder, checkpoint: Checkpoint, train: Store, held_out: Store, count: int
) -> Mapping[str, float]:
    """The discriminator's accuracies on held-out and on as many generated examples, if it is one.

    Seen as training sees them: of the generator itself, not of its moving average.
    """
    config = folder.read_config()
    objective = OBJECTIVES.get(config.objective)
    if objective is None or not objective.critic_metrics:
        return {}
    trainer = Trainer(config, train, tf.distribute.get_strategy())
    restore_checkpoint(
        folder,
        checkpoint,
        trainer.state.take,
    )
    found = trainer.held_out_metrics(held_out_batches(config, held_out, count))
    return {f"held_out_{name}": found[name] for name in HELD_OUT_ACCURACIES if name in found}
