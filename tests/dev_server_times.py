"""Measures the development server: `dev_server_times.py --manage PROGRAM [--rounds 10]`.

Scaffolds a project and serves it with `manage runserver`. Each round edits a view and times the next response,
with its parts; then a template and a style sheet, up to the event that open pages get. Prints medians in
seconds. Run it on a machine that does nothing else: cargo and the linker take most of the time.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "browser"))

from run import free_port  # noqa: E402


class Site:
    def __init__(self, manage: Path, target: Path):
        self.home = Path(tempfile.mkdtemp(prefix="nuages-times-"))
        self.folder = self.home / "timed"
        own = {key: value for key, value in os.environ.items() if not key.startswith("NUAGES_")}
        environment = {**own, "CARGO_TARGET_DIR": str(target), "CARGO_NET_OFFLINE": "true"}
        for words in (["startproject", "timed"], ["migrate"]):
            folder = self.home if words[0] == "startproject" else self.folder
            subprocess.run([manage, *words], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        self.port = free_port()
        self.log = self.home / "log"
        with self.log.open("wb") as log:
            command = [manage, "runserver", str(self.port)]
            self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        while b"Starting development server" not in self.log.read_bytes():
            time.sleep(0.01)

    def get(self, path: str = "/") -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request("GET", path)
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def events(self):
        """Yields the state of the site, each time it changes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request("GET", "/__nuages/events")
        response = connection.getresponse()
        while True:
            line = response.readline()
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                yield event["page"], event["css"]

    def edit(self, file: str, text: str) -> None:
        path = self.folder / file
        path.write_text(path.read_text() + text)

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)
        shutil.rmtree(self.home)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--manage", type=Path, required=True, help="the built program `manage`")
    parser.add_argument("--target", type=Path, default=Path("target"), help="where cargo builds")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    site = Site(options.manage.resolve(), options.target.resolve())
    times: dict[str, list[float]] = {}
    try:
        assert "Bonjour" in site.get(), site.log.read_text()
        for number in range(options.rounds + 1):
            begin = time.monotonic()
            site.edit("src/views.rs", f"\npub fn added_{number}() -> u64 {{\n    {number}\n}}\n")
            assert "Bonjour" in site.get(), site.log.read_text()
            whole = time.monotonic() - begin
            built, started = map(float, re.findall(r"Built in ([\d.]+) s, started in ([\d.]+) s", site.log.read_text())[-1])
            # The first edit makes cargo's incremental data.
            if number:
                times.setdefault("edit of a view to the next response", []).append(whole)
                times.setdefault("    of that: cargo", []).append(built)
                times.setdefault("    of that: start of the program", []).append(started)
                times.setdefault("    of that: all the rest", []).append(whole - built - started)
        events = site.events()
        page, css = next(events)
        for _ in range(options.rounds):
            for file, text, name in (
                ("templates/index.html", "<!-- changed -->\n", "edit of a template to the event of open pages"),
                ("static/site.css", "/* changed */\n", "edit of a style sheet to the event of open pages"),
            ):
                begin = time.monotonic()
                site.edit(file, text)
                while (now := next(events)) == (page, css):
                    pass
                page, css = now
                times.setdefault(name, []).append(time.monotonic() - begin)
    finally:
        site.close()
    for name, values in times.items():
        print(f"{name:55} {statistics.median(values):.2f}   ({min(values):.2f} to {max(values):.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
