import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

from wgan_tf.errors import UserError
from wgan_tf.run_lock import locked

HOLD = """
import sys
from wgan_tf.run_lock import locked

with locked(sys.argv[1], print):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_told_whose_the_folder_is(tmp_path: pathlib.Path) -> None:
    folder = str(tmp_path / "a" / "run")
    command = [sys.executable, "-c", HOLD, folder]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(UserError) as error, locked(folder, pytest.fail):
            pytest.fail("two at once")
        for part in (folder, f"process {process.pid} on {socket.gethostname()}, which began at 2"):
            assert part in str(error.value)
        process.send_signal(signal.SIGKILL)
        process.wait()
        # The dead hold no lock.
        with locked(folder, pytest.fail):
            pass


def test_a_lock_is_given_back(tmp_path: pathlib.Path) -> None:
    for _ in range(2):
        with locked(str(tmp_path), pytest.fail):
            owner = json.loads((tmp_path / ".owner.json").read_text())
            assert owner["pid"] == os.getpid()
            with pytest.raises(UserError), locked(str(tmp_path), pytest.fail):
                pytest.fail("two at once")
        assert {path.name for path in tmp_path.iterdir()} <= {".lock"}
    with contextlib.suppress(ZeroDivisionError), locked(str(tmp_path), pytest.fail):
        _ = 1 / 0
    with locked(str(tmp_path), pytest.fail):
        pass


def test_an_owner_on_another_host_who_did_not_end_in_good_order_is_told(
    tmp_path: pathlib.Path,
) -> None:
    owner = {"host": "elsewhere", "pid": 7, "began": "2020-02-02T02:02:02+00:00"}
    (tmp_path / ".owner.json").write_text(json.dumps(owner))
    messages: list[str] = []
    with locked(str(tmp_path), messages.append):
        pass
    (message,) = messages
    assert "process 7 on elsewhere, which began at 2020-02-02" in message


@pytest.mark.parametrize("text", ["", "[]", "{", "5"])
def test_a_damaged_record_of_the_owner_is_nobodys(text: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / ".owner.json").write_text(text)
    with locked(str(tmp_path), pytest.fail):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match="cannot be written"),
        locked(str(tmp_path / "file" / "run"), pytest.fail),
    ):
        pass


def test_a_folder_that_was_made_and_not_used_is_gone_afterwards(tmp_path: pathlib.Path) -> None:
    refused, used, found = (tmp_path / name for name in ("refused", "used", "found"))
    found.mkdir()
    for folder in (refused, used, found):
        with locked(str(folder), pytest.fail):
            if folder == used:
                (folder / "config.flags").touch()
    assert not refused.exists()
    assert (used / "config.flags").exists()
    assert found.exists()
