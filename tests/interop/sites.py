"""Two running sites, and a visitor who carries one cookie jar to both."""

import http.client
import http.cookies
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

DJANGO_SITE = Path(__file__).with_name("django_site.py")


def free_port() -> int:
    """Below the range that outgoing connections take their ports from, so that none takes it meanwhile."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Failed(Exception):
    """A command or a server that did not do what was asked, with what it printed."""


class Site:
    """A program with manage.py's commands, run in a folder of its own."""

    def __init__(self, name: str, command: list[str], folder: Path, environment: dict[str, str]):
        self.name, self.command, self.folder = name, command, folder
        # NUAGES_* would override settings: the addresses that tests/run hands to the tests among them.
        own = {key: value for key, value in os.environ.items() if not key.startswith("NUAGES_")}
        self.environment = {**own, **environment}
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen | None = None
        self.port = 0

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Runs a command to its end; output as text."""
        done = subprocess.run(
            [*self.command, *arguments], cwd=self.folder, env=self.environment, timeout=120,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        if check and done.returncode != 0:
            raise Failed(f"{self.name} {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
        return done

    def start(self) -> None:
        """Serves on a free port; returns when it answers."""
        for _ in range(3):
            self.port = free_port()
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [*self.command, *self.serve()], cwd=self.folder, env=self.environment,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )
            if self.answers():
                return
            self.stop()
        raise Failed(f"{self.name} does not answer:\n{self.log.read_text()[-3000:]}")

    def serve(self) -> list[str]:
        return ["runserver", f"127.0.0.1:{self.port}"]

    def answers(self) -> bool:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.get("/plain/")
                return True
            except OSError:
                time.sleep(0.05)
        return False

    def stop(self) -> int | None:
        """Asks it to stop, and waits; its exit code."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def get(self, path: str, cookies: dict[str, str] | None = None) -> "Answer":
        return self.ask("GET", path, cookies)

    def ask(self, method: str, path: str, cookies: dict[str, str] | None = None, form: dict | None = None) -> "Answer":
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Host": f"127.0.0.1:{self.port}"}
            if cookies:
                headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
            body = None
            if form is not None:
                headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form)
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()


class Django(Site):
    def __init__(self, folder: Path, config: dict):
        super().__init__("django", [sys.executable, str(DJANGO_SITE)], folder, {"INTEROP": json.dumps(config)})

    def serve(self) -> list[str]:
        return ["runserver", "--noreload", f"127.0.0.1:{self.port}"]


class Nuages(Site):
    def __init__(self, program: Path, folder: Path, settings: str):
        (folder / "settings.toml").write_text(settings)
        super().__init__("nuages", [str(program)], folder, {})


class Answer:
    """One response."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes):
        self.status, self.headers, self.body = status, headers, body

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self):
        if self.status != 200:
            raise Failed(f"status {self.status}: {self.body[:500]!r}")
        return json.loads(self.body)


class Visitor:
    """A browser: one cookie jar for both sites, since cookies do not know ports."""

    def __init__(self, cookies: dict[str, str] | None = None):
        self.cookies = dict(cookies or {})
        self.last: Answer | None = None
        self.lock = threading.Lock()

    def answer(self, site: Site, path: str, **query) -> Answer:
        return self.keep(site.get(f"/{path}/" + (f"?{urlencode(query)}" if query else ""), self.cookies))

    def post(self, site: Site, path: str, **form) -> Answer:
        form["csrfmiddlewaretoken"] = self.cookies["csrftoken"]
        return self.keep(site.ask("POST", f"/{path}/", self.cookies, form))

    def keep(self, answer: Answer) -> Answer:
        self.last = answer
        for header in answer.all("Set-Cookie"):
            for name, morsel in http.cookies.SimpleCookie(header).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.coded_value
        return answer

    def do(self, site: Site, path: str, **query):
        return self.answer(site, path, **query).json()

    def set(self, site: Site, **values):
        return self.do(site, "set", **{name: json.dumps(value) for name, value in values.items()})

    def data(self, site: Site) -> dict:
        """What the site finds in the visitor's session."""
        return self.do(site, "session")["data"]
