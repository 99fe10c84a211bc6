"""A newcomer's first minutes, in a real browser: `run.py --manage PROGRAM [--picture docs/images/first-page.png]`.

Scaffolds a project into a temporary folder, builds it, serves it, and uses its first page in headless
Chromium. Screenshots go to target/screenshots/. Run by tests/run (the step `browser`); needs chromium and
chromedriver, and nothing from PyPI or npm. Ends with `N passed, N failed`.
"""

import argparse
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from webdriver import Browser, Driver


class Project:
    """A scaffolded project, built, in a folder of its own."""

    def __init__(self, manage: Path, target: Path):
        self.folder = Path(tempfile.mkdtemp(prefix="nuages-browser-"))
        self.site = self.folder / "mysite"
        # NUAGES_* would override the project's settings.
        own = {key: value for key, value in os.environ.items() if not key.startswith("NUAGES_")}
        self.environment = {**own, "CARGO_TARGET_DIR": str(target)}
        self.manage, self.program = manage, target / "debug" / "mysite"
        self.process: subprocess.Popen | None = None
        self.port = free_port()

    def build(self) -> None:
        self.run([self.manage, "startproject", "mysite"], self.folder)
        self.run(["cargo", "build", "--quiet"], self.site)
        self.run([self.program, "migrate"], self.site)

    def run(self, command: list, folder: Path) -> None:
        done = subprocess.run(command, cwd=folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "runserver", "--noreload", f"127.0.0.1:{self.port}"], cwd=self.site, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/no-such-page/")
                connection.getresponse().read()
                connection.close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"the project does not answer:\n{(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)


def free_port() -> int:
    """Below the range that outgoing connections take their ports from: the project is restarted on it."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def same(found, expected) -> None:
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


class Visit:
    """What one visitor does, in this order; each step is a test, and the sentence is its name."""

    def __init__(self, project: Project, driver: Driver, pictures: Path):
        self.project, self.driver, self.pictures = project, driver, pictures
        self.browser = Browser(driver)

    def greeting(self) -> str:
        return self.browser.text("h1")

    def visits(self) -> int:
        return int(self.browser.text(".count"))

    def the_first_page_greets_a_stranger_and_counts_one_visit(self):
        self.browser.open(self.project.url)
        same((self.greeting(), self.visits()), ("Bonjour, stranger.", 1))

    def a_reload_is_counted(self):
        self.browser.open(self.project.url)
        same(self.visits(), 2)

    def the_form_stores_a_name_in_the_session(self):
        self.browser.type("#name", "Django")
        self.browser.click("form button")
        same(self.browser.url(), self.project.url)
        same(self.greeting(), "Bonjour, Django.")
        shown = self.browser.text("pre")
        for part in ('"name": "Django"', '"visits": 3'):
            assert part in shown, f"{part} is not in what the page shows of the session: {shown}"

    def the_page_looks_as_it_should_in_light_and_dark_wide_and_narrow(self):
        for scheme in ("light", "dark"):
            self.browser.prefer(scheme)
            for width, height in ((1200, 740), (360, 800)):
                self.browser.viewport(width, height)
                beyond = self.browser.run("return document.documentElement.scrollWidth - window.innerWidth")
                assert beyond <= 0, f"{beyond} pixels beyond a window of {width}"
                self.browser.screenshot(self.pictures / f"first-page-{scheme}-{width}.png")
        self.browser.prefer("light")
        self.browser.viewport(1200, 900)

    def everything_on_the_page_comes_from_the_site_itself(self):
        names = self.browser.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
        assert names, "not even a style sheet was loaded"
        same([name for name in names if not name.startswith(self.project.url)], [])

    def the_console_is_silent(self):
        same([entry["message"] for entry in self.browser.log() if entry["level"] in ("SEVERE", "WARNING")], [])

    def scripts_cannot_read_the_cookie(self):
        cookie = next(cookie for cookie in self.browser.cookies() if cookie["name"] == "sessionid")
        same((cookie["httpOnly"], cookie["sameSite"], cookie["path"]), (True, "Lax", "/"))
        assert "sessionid" not in self.browser.run("return document.cookie")

    def the_session_survives_a_restart_of_the_server(self):
        self.project.stop()
        self.project.start()
        before = self.visits()
        self.browser.open(self.project.url)
        same((self.greeting(), self.visits()), ("Bonjour, Django.", before + 1))

    def another_visitor_is_a_stranger(self):
        other = Browser(self.driver)
        try:
            other.open(self.project.url)
            same((other.text("h1"), other.text(".count")), ("Bonjour, stranger.", "1"))
        finally:
            other.close()

    def a_name_with_markup_is_shown_as_text(self):
        self.browser.type("#name", "<b>Django</b> & \"Joe\"")
        self.browser.click("form button")
        same(self.greeting(), "Bonjour, <b>Django</b> & \"Joe\".")

    def a_flush_makes_a_stranger_of_the_visitor(self):
        key = next(cookie["value"] for cookie in self.browser.cookies() if cookie["name"] == "sessionid")
        self.browser.click("button.quiet")
        same((self.greeting(), self.visits()), ("Bonjour, stranger.", 1))
        fresh = next(cookie["value"] for cookie in self.browser.cookies() if cookie["name"] == "sessionid")
        assert fresh != key, "the flushed key lives on"

    def steps(self):
        return [(name.replace("_", " "), getattr(self, name)) for name in vars(type(self))
                if not name.startswith("_") and name not in ("greeting", "visits", "steps")]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--manage", type=Path, required=True, help="the built program `manage`")
    parser.add_argument("--target", type=Path, default=Path("target"), help="where cargo builds")
    parser.add_argument("--picture", type=Path, help="also write the first page, wide and light, here")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    target = options.target.resolve()
    passed = failed = 0
    project = Project(options.manage.resolve(), target)
    try:
        project.build()
        project.start()
        driver = Driver()
        try:
            visit = Visit(project, driver, target / "screenshots")
            for sentence, step in visit.steps():
                try:
                    step()
                except Exception:
                    failed += 1
                    print(f"FAIL {sentence}\n{traceback.format_exc()}")
                else:
                    passed += 1
                    print(f"ok   {sentence}")
            visit.browser.close()
        finally:
            driver.close()
    finally:
        project.close()
    if options.picture and not failed:
        options.picture.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(target / "screenshots" / "first-page-light-1200.png", options.picture)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
