"""The live tests against a real Django: `run.py --program PATH [--engines db-sqlite,file]`.

Run by tests/run (the step `django`) with the Python of a virtual environment that has Django; PostgreSQL and
Redis are the ones that TEST_NUAGES_POSTGRES and TEST_NUAGES_REDIS name. Ends with a table of engines and
tests, and `N passed, N failed`.
"""

import argparse
import signal
import sys
import time
import unittest
from pathlib import Path

import django
from engines import ENGINES
from test_sessions import classes


class Result(unittest.TestResult):
    """Prints a line for each test, and keeps what the table needs."""

    def __init__(self):
        super().__init__()
        self.cells: dict[tuple[str, str], str] = {}
        self.passed = self.failed = 0

    def startTest(self, test):
        super().startTest(test)
        self.begin, self.trouble = time.monotonic(), ""

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, f"{subtest._subDescription()}\n{self._exc_info_to_string(err, test)}")

    def note(self, test, text):
        if not hasattr(test, "_testMethodName"):
            # A class whose sites did not start: all its tests failed.
            self.failed += 1
            print(f"FAIL {test}\n{text}")
        else:
            self.trouble += text

    def stopTest(self, test):
        super().stopTest(test)
        name = sentence(test)
        self.cells[name, type(test).__name__] = "FAIL" if self.trouble else "ok"
        self.failed, self.passed = self.failed + bool(self.trouble), self.passed + (not self.trouble)
        took = time.monotonic() - self.begin
        print(f"{'FAIL' if self.trouble else 'ok':4} {took:6.2f} s  {type(test).__name__}: {name}")
        if self.trouble:
            print(self.trouble)


def sentence(test) -> str:
    return test._testMethodName.removeprefix("test_").replace("_", " ")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True, help="the built tests/src/bin/interop_app.rs")
    parser.add_argument("--engines", default=",".join(str(engine) for engine in ENGINES))
    parser.add_argument("-k", dest="word", default="", help="only tests with this word in their name")
    parser.add_argument("--light", action="store_true", help="without the tests of many requests at once")
    options = parser.parse_args()
    wanted = [engine for engine in ENGINES if str(engine) in options.engines.split(",")]
    print(f"Django {django.get_version()}")
    result, made = Result(), classes(wanted, options.program.resolve(), options.light)
    loader = unittest.TestLoader()
    if options.word:
        loader.testNamePatterns = [f"*{options.word}*"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for cls in made:
            loader.loadTestsFromTestCase(cls).run(result)
    finally:
        # Where a signal ended the run: the sites and their folders.
        for cls in made:
            cls.doClassCleanups()
    print()
    for number, cls in enumerate(made, 1):
        print(f"[{number}] {cls.__name__}")
    names = list(dict.fromkeys(name for name, _ in result.cells))
    print(f"{'':86}" + "".join(f"{f'[{number}]':>6}" for number in range(1, len(made) + 1)))
    for name in names:
        print(f"{name:86}" + "".join(f"{result.cells.get((name, cls.__name__), '-'):>6}" for cls in made))
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
