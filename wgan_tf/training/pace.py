"""How many steps a compiled call takes, which no signal can interrupt."""

import bisect

from wgan_tf.config import Config
from wgan_tf.training import schedule

CALL_SECONDS = 2.0
SLOW_SECONDS = 3.0


class Pace:
    """Bounds calls in seconds, by what the last one took.

    The first takes one step, since nothing is known of it, and the second another, since the first
    compiles. What a step computes does not depend on the call that it is in.
    """

    def __init__(self, config: Config) -> None:
        """Knows nothing yet."""
        self._config = config
        self._seconds_per_update: float | None = None

    def steps(self, step: int, at_most: int) -> int:
        """Steps of a call from `step` on: as many as fit two seconds, but at least one."""
        if self._seconds_per_update is None:
            return 1
        fitting = bisect.bisect_right(
            range(1, at_most + 1), CALL_SECONDS, key=lambda steps: self.seconds(step, steps)
        )
        return max(fitting, 1)

    def seconds(self, step: int, steps: int = 1) -> float:
        """What a call would take; infinite before the first."""
        if self._seconds_per_update is None:
            return float("inf")
        return self._updates(step, steps) * self._seconds_per_update

    def is_slow(self, step: int, steps: int = 1) -> bool:
        """Whether a call would take longer than a signal should wait."""
        return self.seconds(step, steps) > SLOW_SECONDS

    def took(self, step: int, steps: int, seconds: float) -> None:
        """Takes note of a call from `step` on; all workers have to be told the same."""
        self._seconds_per_update = seconds / self._updates(step, steps)

    def _updates(self, step: int, steps: int) -> int:
        """Updates of either network in the steps from `step` on, each of which takes as long."""
        before, after = (
            schedule.critic_steps_before(self._config, number) for number in (step, step + steps)
        )
        return after - before + steps
