"""The development server in a real browser: `dev_server.py --manage PROGRAM`.

Scaffolds a project, serves it with `manage runserver`, and edits it while Chromium shows its pages: they load
again, show what is wrong, and keep what was typed. Screenshots go to target/screenshots/. Run by tests/run
(the step `browser`); needs chromium and chromedriver. Ends with `N passed, N failed`.
"""

import argparse
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

from run import Project, same
from webdriver import Browser, Driver, WebDriverError

TALL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tall</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="{{ static('site.css') }}"></head>
<body><p id="word">first</p>
<form method="post" action="/answer/">{{ csrf_input() }}<input id="field" name="field" autocomplete="off">
<button id="send">Send</button></form>
<a id="next" href="/">next</a><div id="tower"></div></body></html>
"""
VIEWS = """
pub async fn tall(request: &mut Request) -> Result<Response> {
    let policy = match request.query().get("policy") {
        Some("nonce") => "default-src 'none'; style-src 'self'; img-src data:; script-src 'nonce-cjRuZDBt' 'strict-dynamic'",
        Some("self") => "default-src 'none'; style-src 'self'; img-src data:; script-src 'none'; connect-src 'none'",
        _ => return render(request, "tall.html", context! {}),
    };
    Ok(render(request, "tall.html", context! {})?.with_header("Content-Security-Policy", policy))
}

pub async fn answer(_request: &mut Request) -> Html<&'static str> {
    Html("<!doctype html><title>answer</title><link rel=icon href=data:,><p id=word>answer one</p>")
}
"""


class DevProject(Project):
    """A scaffolded project behind the development server. It is not migrated and has a slow first build."""

    def build(self) -> None:
        self.run([self.manage, "startproject", "mysite"], self.folder)
        self.write("build.rs", "fn main() {\n    println!(\"cargo::rerun-if-changed=build.rs\");\n"
                               "    std::thread::sleep(std::time::Duration::from_secs(4));\n}\n")
        self.write("templates/tall.html", TALL)
        self.write("src/views.rs", self.read("src/views.rs") + VIEWS)
        self.write("static/site.css", self.read("static/site.css") + "\n#tower { height: 4000px; }\n")
        routes = 'path("tall/", views::tall),\n        path("answer/", methods().post(views::answer)),'
        self.edit("src/urls.rs", "vec![", "vec![\n        " + routes)

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.manage, "runserver", f"127.0.0.1:{self.port}"], cwd=self.site,
                env={**self.environment, "NUAGES_EDITOR": "vscode"}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )

    def read(self, file: str) -> str:
        return (self.site / file).read_text()

    def write(self, file: str, text: str) -> None:
        (self.site / file).write_text(text)

    def edit(self, file: str, old: str, new: str) -> None:
        text = self.read(file)
        assert old in text, f"{old!r} is not in {file}"
        self.write(file, text.replace(old, new))

    def log(self) -> str:
        return (self.folder / "log").read_text()


class OtherSite(http.server.BaseHTTPRequestHandler):
    """Another origin, whose page sends a form to the development server."""

    page = ""

    def do_GET(self):
        body = self.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Work:
    """The work of a developer, in this order; each step is a test, and the sentence is its name."""

    def __init__(self, project: DevProject, driver: Driver, pictures: Path):
        self._project, self._driver, self._pictures = project, driver, pictures
        self._browser = Browser(driver)

    def _wait(self, text: str, selector: str = "html", seconds: float = 90) -> None:
        """Waits until the page, which nothing here loads, shows the text."""
        deadline = time.monotonic() + seconds
        shown = ""
        while time.monotonic() < deadline:
            try:
                shown = self._browser.run(f"return document.querySelector({selector!r})?.textContent ?? ''")
            except WebDriverError:
                shown = ""  # between two pages
            if text in shown:
                return
            time.sleep(0.03)
        raise AssertionError(f"{text!r} does not appear; the page shows {shown!r}\n{self._project.log()}")

    def _open(self, path: str, text: str, selector: str = "#word") -> None:
        self._browser.open(self._project.url + path)
        self._wait(text, selector)

    def _badge(self) -> str:
        return self._browser.run("return document.querySelector('nuages-badge')?.shadowRoot.textContent ?? ''")

    def _wait_for_badge(self) -> str:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._badge():
                return self._badge()
            time.sleep(0.03)
        raise AssertionError("there is no badge")

    def _picture(self, name: str) -> None:
        for scheme in ("light", "dark"):
            self._browser.prefer(scheme)
            for width, height in ((1100, 760), (360, 760)):
                self._browser.viewport(width, height)
                beyond = self._browser.run("return document.documentElement.scrollWidth - window.innerWidth")
                self._browser.screenshot(self._pictures / f"dev-{name}-{scheme}-{width}.png")
                assert beyond <= 0, f"{name}: {beyond} pixels beyond a window of {width}"
        self._browser.prefer("light")
        self._browser.viewport(1100, 760)

    def the_first_build_becomes_the_page(self):
        self._browser.open(self._project.url + "tall/")
        self._wait("Building the project", "h1")
        self._picture("build")
        self._wait("first", "#word")

    def a_page_without_migrations_has_a_button_that_strangers_cannot_press(self):
        self._browser.open(self._project.url)
        self._wait("The database is not migrated", "h1")
        self._picture("migrate")
        token = self._browser.run("return document.querySelector('[name=token]').value")
        target = f"{self._project.url}__nuages/migrate"
        form = (f"<form id=f method=post action={target}><input name=token value={token}></form>"
                "<script>f.submit()</script>")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherSite)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        other = Browser(self._driver)
        try:
            OtherSite.page = f"<!doctype html>{form}"
            other.open(f"http://127.0.0.1:{server.server_port}/")
            OtherSite.page = ("<!doctype html><script>fetch(" + repr(target) + ", {method: 'POST', mode: 'no-cors', "
                              f"body: new URLSearchParams({{token: '{token}'}})}}).then(() => document.title = 'sent')"
                              "</script>")
            other.open(f"http://127.0.0.1:{server.server_port}/")
            OtherSite.page = f"<!doctype html><iframe sandbox='allow-scripts allow-forms' srcdoc=\"{form}\"></iframe>"
            other.open(f"http://127.0.0.1:{server.server_port}/")
            # Neither can it run the script or read the events.
            OtherSite.page = (f"<!doctype html><script src={self._project.url}__nuages/live-reload.js "
                              "onerror=\"document.title='refused'\"></script>")
            other.open(f"http://127.0.0.1:{server.server_port}/")
            same(other.run("return document.title"), "refused")
        finally:
            other.close()
            server.shutdown()
            server.server_close()
        time.sleep(0.5)
        self._browser.open(self._project.url)
        self._wait("The database is not migrated", "h1")
        self._browser.click("form button")
        self._wait("Bonjour, stranger.", "h1")

    def an_edit_loads_the_page_again_where_it_was(self):
        self._open("tall/", "first")
        self._browser.run("scrollTo(0, 1500)")
        self._project.edit("templates/tall.html", ">first<", ">second<")
        self._wait("second", "#word")
        deadline = time.monotonic() + 10
        while self._browser.run("return Math.round(scrollY)") != 1500:
            assert time.monotonic() < deadline, f"scrolled to {self._browser.run('return scrollY')}"
            time.sleep(0.03)
        begin = time.monotonic()
        self._project.edit("src/views.rs", 'render(request, "tall.html", context! {})?', 'render(request, "tall.html", context! {  })?')
        self._browser.run("window.__old = true")
        while self._browser.run("return window.__old"):
            assert time.monotonic() < begin + 90, self._project.log()
            time.sleep(0.03)
        print(f"     edit of a view to its page: {time.monotonic() - begin:.2f} s")

    def a_style_sheet_is_swapped_in_place(self):
        self._open("tall/", "second")
        self._browser.run("window.__old = true")
        begin = time.monotonic()
        self._project.edit("static/site.css", "height: 4000px", "height: 3000px")
        while self._browser.run("return document.querySelector('#tower').offsetHeight") != 3000:
            assert time.monotonic() < begin + 30, "the old style sheet stays"
            time.sleep(0.01)
        print(f"     edit of a style sheet to its effect: {time.monotonic() - begin:.2f} s")
        same(self._browser.run("return window.__old"), True)
        same(self._browser.run("return document.querySelectorAll('link[rel=stylesheet]').length"), 1)

    def what_was_typed_is_not_lost(self):
        self._open("tall/", "second")
        self._browser.type("#field", "a long story")
        self._project.edit("templates/tall.html", ">second<", ">third<")
        assert "load again" in self._wait_for_badge(), self._badge()
        self._browser.screenshot(self._pictures / "dev-badge.png")
        same(self._browser.run("return document.querySelector('#field').value"), "a long story")
        same(self._browser.text("#word"), "second")
        self._browser.run("document.querySelector('nuages-badge').shadowRoot.querySelector('button').click()")
        self._wait("third", "#word")

    def the_answer_to_a_form_is_not_sent_again(self):
        self._open("tall/", "third")
        self._browser.click("#send")
        self._wait("answer one", "#word")
        self._project.edit("src/views.rs", "answer one", "answer two")
        assert "open the page again" in self._wait_for_badge(), self._badge()
        same(self._browser.text("#word"), "answer one")
        same(self._project.log().count('"POST /answer/'), 1)

    def pages_with_a_strict_policy_reload(self):
        self._browser.log()
        for number, policy in enumerate(("nonce", "self")):
            old, new = ("third", "fourth") if number == 0 else ("fourth", "fifth")
            self._open(f"tall/?policy={policy}", old)
            self._project.edit("templates/tall.html", f">{old}<", f">{new}<")
            self._wait(new, "#word", 30)
        same([entry["message"] for entry in self._browser.log() if "Policy" in entry["message"]], [])

    def a_page_that_comes_back_is_up_to_date(self):
        self._open("tall/", "fifth")
        self._browser.click("#next")
        self._wait("Bonjour", "h1")
        self._project.edit("templates/tall.html", ">fifth<", ">sixth<")
        time.sleep(0.5)
        self._browser.call("POST", "/back")
        self._wait("sixth", "#word", 30)

    def two_tabs_are_both_up_to_date(self):
        self._open("tall/", "sixth")
        first = self._browser.call("GET", "/window")
        second = self._browser.call("POST", "/window/new", {"type": "tab"})["handle"]
        self._browser.call("POST", "/window", {"handle": second})
        self._open("tall/", "sixth")
        self._project.edit("templates/tall.html", ">sixth<", ">seventh<")
        self._wait("seventh", "#word", 30)
        self._browser.call("DELETE", "/window")
        self._browser.call("POST", "/window", {"handle": first})
        self._wait("seventh", "#word", 30)

    def a_compile_error_appears_and_goes_away(self):
        self._open("tall/", "seventh")
        self._project.edit("src/views.rs", 'Some("self") =>', 'Some("self") = >')
        self._project.edit("src/views.rs", "let visits = request", "let visits: String = request")
        self._wait("The project does not compile", "h1")
        self._project.edit("src/views.rs", 'Some("self") = >', 'Some("self") =>')
        self._wait("mismatched types", "h2")
        self._picture("compile-error")
        link = self._browser.run("return document.querySelector('pre a').href")
        assert link.startswith("vscode://file/") and "src/views.rs:" in link, link
        self._project.edit("src/views.rs", "let visits: String = request", "let visits = request")
        self._wait("seventh", "#word")

    def a_sure_suggestion_is_a_diff(self):
        self._open("tall/", "seventh")
        self._project.edit("src/views.rs", "let visits = request", "let mut unused = 1;\n    let visits: u32 = request")
        self._wait("The project does not compile", "h1")
        self._project.edit("src/views.rs", "let mut unused = 1;\n    let visits: u32 = request",
                           "let reply: &String = String::new();\n    drop(reply);\n    let visits = request")
        self._wait("consider borrowing here", "figcaption")
        self._wait("&String::new()", "ins")
        self._picture("suggestion")
        self._project.edit("src/views.rs", "let reply: &String = String::new();\n    drop(reply);\n    ", "")
        self._wait("seventh", "#word")

    def a_mistake_in_the_settings_appears_and_goes_away(self):
        self._open("tall/", "seventh")
        self._project.edit("settings.toml", "DEBUG = true", "DEBUG = true\nSESION_ENGINE = \"db\"")
        self._wait("The project cannot start", "h1")
        link = self._browser.run("return document.querySelector('pre a').href")
        assert link.startswith("vscode://file/") and "/settings.toml:" in link, link
        self._picture("settings")
        self._project.edit("settings.toml", "\nSESION_ENGINE = \"db\"", "")
        self._wait("seventh", "#word")

    def a_panic_at_the_start_appears_and_goes_away(self):
        self._open("tall/", "seventh")
        panic = "    assert!(std::env::args().len() > 99, \"the configuration is missing\");\n"
        self._project.edit("src/main.rs", "    manage::run", panic + "    manage::run")
        self._wait("The program panicked while it started", "h1")
        self._wait("the configuration is missing", "pre")
        self._picture("panic")
        self._project.edit("src/main.rs", panic, "")
        self._wait("seventh", "#word")

    def the_console_is_silent(self):
        unexpected = [entry["message"] for entry in self._browser.log()
                      if entry["level"] in ("SEVERE", "WARNING") and "status of 50" not in entry["message"]]
        same(unexpected, [])

    def _steps(self):
        return [(name.replace("_", " "), getattr(self, name)) for name in vars(type(self)) if not name.startswith("_")]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--manage", type=Path, required=True, help="the built program `manage`")
    parser.add_argument("--target", type=Path, default=Path("target"), help="where cargo builds")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    target = options.target.resolve()
    passed = failed = 0
    project = DevProject(options.manage.resolve(), target)
    try:
        project.build()
        project.start()
        driver = Driver()
        try:
            work = Work(project, driver, target / "screenshots")
            while not project.log().count("Starting development server"):
                time.sleep(0.05)
            for sentence, step in work._steps():
                try:
                    step()
                except Exception:
                    failed += 1
                    print(f"FAIL {sentence}\n{traceback.format_exc()}")
                else:
                    passed += 1
                    print(f"ok   {sentence}")
            work._browser.close()
        finally:
            driver.close()
    finally:
        project.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    os.environ.setdefault("CARGO_NET_OFFLINE", "true")
    sys.exit(main())
