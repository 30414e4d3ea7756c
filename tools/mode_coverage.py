"""Counts the modes that a run on toy Gaussians covers.

    python tools/mode_coverage.py --workdir=DIR

A mode is covered if at least 1% of the samples lie within three standard deviations of it.
"""

from absl import flags

from wgan_tf import commands
from wgan_tf.errors import UserError
from wgan_tf.status import Status


def main() -> Status:
    """Prints the coverage of the run's newest checkpoint."""
    options = flags.FLAGS

    commands.import_tensorflow()
    from wgan_tf import drawing
    from wgan_tf.data.toy import gaussian_mixture
    from wgan_tf.evaluation.mode_coverage import mode_coverage
    from wgan_tf.run_folder import RunFolder

    folder = RunFolder(options.workdir)
    kind, _, name = folder.read_config().dataset.partition(":")
    mixture = gaussian_mixture(name) if kind == "toy" else None
    if mixture is None:
        raise UserError(f"--workdir={options.workdir} is no run on toy Gaussians.")
    sampler, step = drawing.restore_run_sampler(folder)
    points = drawing.draw(sampler, options.n, options.seed)
    coverage = mode_coverage(points, mixture.centers, mixture.sigma)
    print(
        f"step {step:,}, {options.n:,} samples, seed {options.seed}: "
        f"{coverage.num_covered} of {len(mixture.centers)} modes covered, "
        f"least share {coverage.least_share:.2%}, good samples {coverage.good_share:.1%}"
    )
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_string("workdir", None, "The run's folder.", required=True)
    flags.DEFINE_integer("n", 10_000, "Samples to draw.", lower_bound=1, upper_bound=10_000)
    flags.DEFINE_integer("seed", 0, "Seed of the samples.")
    commands.run(main)
