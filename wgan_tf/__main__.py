"""Lists the commands: `python -m wgan_tf`."""

import sys
from importlib import metadata

COMMANDS = {
    "main": "trains, and goes on with a run that was stopped",
    "sample": "draws from a run or an export",
    "evaluate": "measures a run, an export or images",
    "export": "writes a run's generator for serving",
    "report": "writes a page about one run or several",
}


def main() -> None:
    """Prints what there is; with --version, which version this is."""
    if "--version" in sys.argv[1:]:
        print(metadata.version("wgan_tf"))
        return
    print(f"wgan_tf {metadata.version('wgan_tf')}: Wasserstein GANs for TensorFlow 2.\n")
    for name, purpose in COMMANDS.items():
        print(f"    python -m wgan_tf.{name:<10}{purpose}")
    print("\nEach has --help. The first to try, in a clone of the repository:\n")
    print("    python -m wgan_tf.main --flagfile=configs/digits.flags")


if __name__ == "__main__":
    main()
