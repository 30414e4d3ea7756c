from wgan_tf.config import Config
from wgan_tf.watching import Watch


class Kept:
    def __init__(self) -> None:
        self.offered: list[float] = []

    def offer(self, metrics: dict[str, float]) -> None:
        self.offered.append(metrics["wasserstein_estimate"])


def test_every_state_is_offered_and_a_warning_told_once() -> None:
    told: list[str] = []
    kept = Kept()
    watch = Watch(Config(workdir="run", lipschitz="weight_clipping"), kept, told.append)
    for step in range(1, 13):
        watch.offer(step, {"wasserstein_estimate": 1.0 if step < 5 else -1.0})
    assert kept.offered == [1.0] * 4 + [-1.0] * 8
    (warning,) = told
    assert warning.startswith("Warning at step ")
    assert "The critic is far from optimal" in warning


def test_a_run_in_order_has_no_warnings() -> None:
    told: list[str] = []
    watch = Watch(Config(workdir="run", lipschitz="weight_clipping"), None, told.append)
    for step in range(1, 13):
        watch.offer(step, {"wasserstein_estimate": 1.0 / step})
    assert told == []
