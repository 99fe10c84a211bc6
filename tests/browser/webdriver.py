"""A headless Chromium behind ChromeDriver: the little of the W3C WebDriver protocol that is needed here."""

import base64
import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class WebDriverError(Exception):
    """What ChromeDriver answered instead of a value."""


class Driver:
    """A running ChromeDriver."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="nuages-chromedriver-"))
        # Port 0: it takes a free one and says which.
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, cwd=self.folder,
        )
        self.port = 0
        for line in self.process.stdout:
            if "started successfully on port" in line:
                self.port = int(line.rsplit("port", 1)[1].strip(" .\n"))
                break
        if not self.port:
            raise WebDriverError("chromedriver did not start")

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method: str, path: str, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method,
            data=None if method == "GET" else json.dumps(body or {}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise WebDriverError(json.load(error)["value"]["message"].splitlines()[0]) from None


class Browser:
    """One browser with a fresh profile: a visitor."""

    def __init__(self, driver: Driver, width: int = 1200, height: int = 900):
        self.driver = driver
        self.profile = tempfile.mkdtemp(prefix="profile-", dir=driver.folder)
        binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1",
            f"--window-size={width},{height}", f"--user-data-dir={self.profile}",
        ]
        options = {"binary": binary, "args": arguments}
        capabilities = {"browserName": "chrome", "goog:chromeOptions": options,
                        "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = driver.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]

    def call(self, method: str, path: str, body=None):
        return self.driver.call(method, f"/session/{self.session}{path}", body)

    def close(self) -> None:
        self.call("DELETE", "")

    def open(self, url: str) -> None:
        self.call("POST", "/url", {"url": url})

    def url(self) -> str:
        return self.call("GET", "/url")

    def find(self, selector: str) -> str:
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def text(self, selector: str) -> str:
        return self.call("GET", f"/element/{self.find(selector)}/text")

    def type(self, selector: str, text: str) -> None:
        self.call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector: str) -> None:
        """Clicks on what leads to another page, and waits until that is there."""
        element = self.find(selector)
        self.run("window.__left = true")
        self.call("POST", f"/element/{element}/click")
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            if self.run("return !window.__left && document.readyState === 'complete'"):
                return
            time.sleep(0.02)
        raise WebDriverError(f"a click on {selector} led nowhere")

    def run(self, script: str, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def cookies(self) -> list[dict]:
        return self.call("GET", "/cookie")

    def log(self) -> list[dict]:
        """What the browser's console said since the last call."""
        return self.call("POST", "/se/log", {"type": "browser"})

    def emulate(self, command: str, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def viewport(self, width: int, height: int) -> None:
        self.emulate("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=False)

    def prefer(self, scheme: str) -> None:
        """`light` or `dark`."""
        self.emulate("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))
