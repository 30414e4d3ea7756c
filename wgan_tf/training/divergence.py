"""What is said of a run whose numbers are no longer finite."""

from wgan_tf.config import Config
from wgan_tf.options import format_value

SMALLER = 0.5


def advice(config: Config, saved_step: int, rollbacks: int) -> str:
    """What to do, each of which can be done as it is said.

    Args:
        config: the run's configuration.
        saved_step: the step of the newest checkpoint, which is finite.
        rollbacks: how often the run went back already.
    """
    rates = " ".join(
        f"--{name}={format_value(float(f'{SMALLER * getattr(config, name):.3g}'))}"
        for name in ("generator_learning_rate", "critic_learning_rate")
    )
    ways = [f"with lower rates by {rates} --accept_changes"]
    if config.on_nonfinite == "stop":
        ways.insert(0, "with other random draws by --on_nonfinite=rollback")
    begun = f", which was gone back to {rollbacks} times," if rollbacks else ""
    text = f"go on from the checkpoint of step {saved_step:,}{begun} {', or '.join(ways)}"
    if config.precision == "bfloat16":
        text += ", or begin a run in --precision=float32"
    return f"{text}."
