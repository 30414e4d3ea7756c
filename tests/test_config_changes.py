"""Which options a run may go on with another value of."""

import copy
import dataclasses
from typing import Any

from wgan_tf import config as configuration
from wgan_tf.config import Config

VALID = Config(workdir="run")

MAY_CHANGE: dict[str, Any] = {
    "dataset": "idx:/copied",
    "workdir": "moved",
    "data_dir": "/data",
    "verify_data": True,
    "eval_split": "test",
    "steps": 30_000,
    "strategy": "multi_worker",
    "on_nonfinite": "rollback",
    "max_rollbacks": 5,
    "join_timeout": 7,
    "steps_per_call": 7,
    "device_data_limit": 7,
    "checkpoint_every": 7,
    "keep_checkpoints": 7,
    "sample_every": 7,
    "summary_every": 7,
    "eval_every": 7,
    "eval_metrics": ("kid",),
    "eval_samples": 700,
    "eval_features": "inception",
    "inception": "/weights",
    "inception_protocol": "clean",
    "profile_steps": 7,
    "report": False,
    "export": False,
}


def test_what_does_not_shape_the_trajectory_may_change() -> None:
    assert not configuration.trajectory_changes(VALID, dataclasses.replace(VALID, **MAY_CHANGE))


def test_everything_else_may_not_change() -> None:
    for field in configuration.fields():
        if field.name in MAY_CHANGE:
            continue
        changed = copy.copy(VALID)
        object.__setattr__(changed, field.name, "other")
        assert configuration.trajectory_changes(VALID, changed) == {
            field.name: (field.default, "other")
        }


def test_with_a_linear_decay_steps_may_not_change() -> None:
    saved = Config(workdir="run", learning_rate_decay="linear", steps=10)
    longer = dataclasses.replace(saved, steps=20)
    assert configuration.trajectory_changes(saved, longer) == {"steps": (10, 20)}
    assert not configuration.trajectory_changes(saved, saved)


def test_labels_drawn_as_the_folders_have_them_are_drawn_so_to_the_end() -> None:
    saved = Config(workdir="run", conditional="auxiliary_classifier", dataset="folder:/here")
    assert not configuration.trajectory_changes(
        saved, dataclasses.replace(saved, dataset="folder:/there")
    )
    named = dataclasses.replace(saved, dataset="pictures")
    assert set(configuration.trajectory_changes(saved, named)) == {"dataset"}
    assert not configuration.trajectory_changes(
        *(dataclasses.replace(config, label_distribution="data") for config in (saved, named))
    )
