"""A headless Chromium driven over its debugging pipe: real clicks and keys, and everything the page asked for or said.

The DevTools protocol is JSON messages ended by NUL on file descriptors 3 and 4 of the browser, so that nothing but the
browser itself is needed. Without one, tests skip.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE_S = 60.0
KEYS = {
    "Escape": 27,
    "Enter": 13,
    "ArrowDown": 40,
    "ArrowUp": 38,
    "ArrowLeft": 37,
    "ArrowRight": 39,
    "Tab": 9,
    "End": 35,
    "Home": 36,
}


class Browser:
    """One Chromium. Messages are answered in order; events are kept with the page they belong to."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._rest = b""
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        number = self._send(method, session, params)
        while number not in self._answers:
            self._read()
        answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def _send(self, method: str, session: str | None, params: dict[str, Any]) -> int:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        spelled = json.dumps(message).encode() + b"\0"
        while spelled:
            spelled = spelled[os.write(self._to, spelled) :]
        return self._number

    def _read(self) -> None:
        chunk = os.read(self._from, 1 << 20)
        assert chunk, "the browser is gone"
        *messages, self._rest = (self._rest + chunk).split(b"\0")
        for spelled in messages:
            message = json.loads(spelled)
            if "id" in message:
                self._answers[message["id"]] = message
                continue
            self.events.append(message)
            if message["method"] == "Page.javascriptDialogOpening":  # or the page would wait, and whoever drives it
                self._send("Page.handleJavaScriptDialog", message["sessionId"], {"accept": True})

    def page(self, width: int = 1440, height: int = 900) -> Page:
        """A fresh page that has forgotten everything."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        page.size(width, height)
        return page


class Page:
    """One tab."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser, self.session = browser, session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command to this tab."""
        return self.browser.call(method, self.session, **params)

    def size(self, width: int, height: int) -> None:
        """The size of the window in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def open(self, address: str, ready: str = "true") -> None:
        """Load an address and wait until the expression `ready` is true in it."""
        self.call("Page.navigate", url=address)
        self.wait(f"document.readyState === 'complete' && ({ready})")

    def run(self, expression: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until the expression is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.run(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of what the selector finds first."""
        box = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'nearest'}});"
            " const b = e.getClientRects()[0]; return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        self._mouse("mouseMoved", *box)
        for kind in ("mousePressed", "mouseReleased"):
            self._mouse(kind, *box)

    def hover(self, selector: str) -> None:
        """Move the mouse onto what the selector finds first."""
        box = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'nearest'}});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        self._mouse("mouseMoved", *box)

    def _mouse(self, kind: str, x: float, y: float) -> None:
        pressed = kind != "mouseMoved"
        self.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button="left" if pressed else "none",
            clickCount=int(pressed),
        )

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            about: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": KEYS.get(key, ord(key[0].upper()))}
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            self.call("Input.dispatchKeyEvent", type="keyDown", **about, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def type(self, text: str) -> None:
        """Write into what has the focus."""
        self.call("Input.insertText", text=text)

    def texts(self, selector: str) -> list[str]:
        """The text of everything the selector finds."""
        found: list[str] = self.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")
        return found

    def picture(self, path: Path, whole: bool = False) -> None:
        """A screenshot."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def printed(self, path: Path) -> None:
        """The page as it prints."""
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"]))

    @property
    def events(self) -> list[dict[str, Any]]:
        """Everything that happened in this tab."""
        self.run("0")
        return [event for event in self.browser.events if event.get("sessionId") == self.session]

    def complaints(self) -> list[Any]:
        """Errors and messages on the console, exceptions, dialogs."""
        names = (
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Log.entryAdded",
            "Page.javascriptDialogOpening",
        )
        return [event for event in self.events if event["method"] in names]

    def requests(self) -> list[str]:
        """The address of everything that was asked for."""
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser of its own, ended with everything it started."""
    assert CHROMIUM is not None
    (read_theirs, write_ours), (read_ours, write_theirs) = os.pipe(), os.pipe()
    # the browser wants descriptors 3 and 4; from high numbers, so that neither copy overwrites the other
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 100) for end in (read_theirs, write_theirs)]
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, end, place) for place, end in enumerate((null, null, null, *high))]
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}"]
    process = os.posix_spawn(CHROMIUM, command, os.environ, file_actions=actions, setsid=True)
    for end in (read_theirs, write_theirs, null, *high):
        os.close(end)
    try:
        yield Browser(write_ours, read_ours)
    finally:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(write_ours)
        os.close(read_ours)
