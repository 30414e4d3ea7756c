"""How well a run's losses tell the quality of its samples: rank correlations over the evaluations.

    python tools/rank_correlation.py --workdir=DIR [--workdir=DIR2 ...] [--metric=fid_classifier]

Spearman's correlation between a metric of the samples and each quantity that training logs beside
it, at the same steps: 1 where they rise and fall together.
"""

from absl import flags
from scipy.stats import spearmanr

from wgan_tf import commands
from wgan_tf.errors import Status, UserError

LOGGED = (
    *("wasserstein_estimate", "held_out_wasserstein_estimate", "critic_loss", "generator_loss"),
    "real_share",
)


def main() -> Status:
    """Prints a table, a line a run."""
    commands.import_tensorflow()
    from wgan_tf.monitoring.metrics_log import read_metrics
    from wgan_tf.run_folder import RunFolder

    metric = flags.FLAGS.metric
    print(f"| Run | evaluations | last {metric} | {' | '.join(LOGGED)} |")
    for workdir in flags.FLAGS.workdir:
        lines = [line for line in read_metrics(RunFolder(workdir).metrics_file) if line.get(metric)]
        if len(lines) < 3:
            raise UserError(
                f"--workdir={workdir} has {len(lines)} evaluations with {metric}; give a run of at "
                "least 3, trained with --eval_every and --eval_split, or another --metric."
            )
        quality = [line[metric] for line in lines]
        correlations = [
            f"{spearmanr(quality, [line[name] for line in lines]).statistic:+.2f}"
            if all(name in line for line in lines)
            else ""
            for name in LOGGED
        ]
        print(f"| {workdir} | {len(lines)} | {quality[-1]:.1f} | {' | '.join(correlations)} |")
    return Status.DONE


if __name__ == "__main__":
    flags.DEFINE_multi_string("workdir", None, "A run's folder.", required=True)
    flags.DEFINE_string("metric", "fid_classifier", "The metric of the samples.")
    commands.run(main)
