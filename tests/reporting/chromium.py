"""Headless Chromium, told over pipes what to do: its DevTools protocol, without a driver."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

EXECUTABLE = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


class Page:
    """One open page.

    Attributes:
        requests: addresses that the page has asked for.
        errors: messages of errors and warnings on its console.
    """

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to_browser = to_browser
        self._from_browser = from_browser
        self._received = b""
        self._count = 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to_browser, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._count:
            self._note(answer)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def open(self, path: pathlib.Path) -> None:
        self.call("Page.navigate", url=path.as_uri())
        while (event := self._next()).get("method") != "Page.loadEventFired":
            self._note(event)

    def evaluate(self, expression: str) -> Any:
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_until(self, condition: str) -> None:
        """Looks at every frame whether an expression is true."""
        self.evaluate(
            "new Promise(done => { const look = () =>"
            f" ({condition}) ? done() : requestAnimationFrame(look); look(); }})"
        )

    def emulate(self, *, width: int, scheme: str, height: int = 900) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    def _next(self) -> Any:
        while b"\0" not in self._received:
            chunk = os.read(self._from_browser, 1 << 20)
            assert chunk, "Chromium has gone"
            self._received += chunk
        message, _, self._received = self._received.partition(b"\0")
        return json.loads(message)

    def _note(self, event: Any) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(parameters["exceptionDetails"]))
        if event.get("method") == "Log.entryAdded":
            self.errors.append(parameters["entry"]["text"])


@contextlib.contextmanager
def chromium_page(profile: pathlib.Path) -> Iterator[Page]:
    """Starts Chromium with an empty page, and ends it after."""
    assert EXECUTABLE
    from_here, to_browser = os.pipe()
    from_browser, to_here = os.pipe()
    # Chromium reads descriptor 3 and writes descriptor 4.
    command = f'exec "$@" 3<&{from_here} 4>&{to_here}'
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
    quiet = ("--disable-background-networking", "--no-first-run", "--remote-debugging-pipe")
    process = subprocess.Popen(
        ["bash", "-c", command, "-", EXECUTABLE, *options, *quiet, f"--user-data-dir={profile}"],
        pass_fds=(from_here, to_here),
        stderr=subprocess.DEVNULL,
    )
    os.close(from_here)
    os.close(to_here)
    try:
        yield Page(to_browser, from_browser)
    finally:
        process.terminate()
        process.wait()
        os.close(to_browser)
        os.close(from_browser)
