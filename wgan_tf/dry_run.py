"""What would be trained, told without training."""

import os

from wgan_tf import flagfile
from wgan_tf.config import Config
from wgan_tf.data.held_out import describe_overlap
from wgan_tf.data.source_report import report_source
from wgan_tf.dataset_report import describe_split, write_contact_sheet
from wgan_tf.errors import Status
from wgan_tf.networks import registry
from wgan_tf.run_folder import RunFolder
from wgan_tf.runner import check_data, settled
from wgan_tf.training.distributed.strategy import (
    build_strategy,
    check_replicas,
    device_names,
    find_cluster,
    local_gpus,
)
from wgan_tf.training.initial_weights import check_init_from
from wgan_tf.training.memory import describe_memory
from wgan_tf.training.tuning import Choice, Tuning


def describe(config: Config, *, accept_changes: bool = False, contact_sheet: str = "") -> Status:
    """Prints what would be trained; writes no more than asked for and meets no other worker.

    Args:
        config: the run's configuration.
        accept_changes: whether a run may go on with other learning rates.
        contact_sheet: a PNG to write, of images that would be trained on; "" for none.

    Raises:
        UserError: it cannot be trained, or the file cannot be written.
    """
    cluster = find_cluster(config, os.environ)
    folder = RunFolder.from_environment(config.workdir, os.environ)
    config = settled(config, folder)
    folder.check_same_run(config, accept_changes=accept_changes)
    info = check_data(config)
    splits = [split for split in (config.train_split, config.eval_split) if split]
    sources = {split: report_source(config, split) for split in splits}
    if cluster:
        check_replicas(config, cluster)
        devices = f"{len(cluster.workers)} workers, {max(local_gpus(), 1)} replicas on this one"
        num_replicas = len(cluster.workers) * max(local_gpus(), 1)
        computes_in = str(Choice.of(config))
    else:
        strategy = build_strategy(config)
        devices = ", ".join(device_names(strategy))
        num_replicas = strategy.num_replicas_in_sync
        computes_in = Tuning(config, info, strategy).plan()
    registry.try_own(config, info)
    if not folder.exists():
        check_init_from(config)
    print(flagfile.to_readable(config))
    networks = [build(config, info) for build in (registry.build_generator, registry.build_critic)]
    for network in networks:
        network.summary()
    for split, source in sources.items():
        print("\n".join(describe_split(config, split, source)))
    for line in describe_overlap(config):
        print(line)
    if contact_sheet:
        write_contact_sheet(contact_sheet, config, sources[config.train_split].survey)
    print(f"Devices: {devices}")
    print(f"Computes in: {computes_in}")
    print(describe_memory(config, networks, num_replicas))
    return Status.DONE
