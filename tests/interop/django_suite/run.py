"""Django's own session tests on the framework's engines: `run.py --program PATH --source FOLDER`.

FOLDER is `tests/` of Django's source package; the tests in its `sessions_tests` run unchanged, with the classes of
bridge.py in the place of Django's backends. Every test that is expected to fail, or not run, stands with its
reason in differences.py. Ends with a table of classes and `N passed, N failed`; a test that is expected to fail
and passes is a failure too.
"""

import argparse
import os
import sys
import tempfile
import unittest
from pathlib import Path


class Result(unittest.TestResult):
    """Counts for each class, and knows which failures are expected."""

    def __init__(self, differences):
        super().__init__()
        self.differences, self.rows, self.trouble, self.seen = differences, {}, "", set()

    def startTest(self, test):
        super().startTest(test)
        self.trouble, self.skipping = "", False

    def addError(self, test, err):
        self.note(test, err)

    def addFailure(self, test, err):
        self.note(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note(test, err)

    def addExpectedFailure(self, test, err):
        self.trouble = "Django's test fails in Django too, and here"

    def addUnexpectedSuccess(self, test):
        self.trouble = "Django's test is one that fails in Django; here it passes"

    def addSkip(self, test, reason):
        self.skipping = True

    def note(self, test, err):
        self.trouble += self._exc_info_to_string(err, test)
        if not hasattr(test, "_testMethodName"):
            raise SystemExit(f"{test}:\n{self.trouble}")

    def stopTest(self, test):
        super().stopTest(test)
        row = self.rows.setdefault(type(test).__name__, {"passed": 0, "failed": 0, "differs": 0, "skipped": 0})
        name = f"{type(test).__name__}.{test._testMethodName}"
        reason = self.differences.reason(type(test), test._testMethodName)
        if self.skipping:
            row["skipped"] += 1
        elif reason is not None and self.trouble:
            row["differs"] += 1
            self.seen.add(name)
        elif reason is None and not self.trouble:
            row["passed"] += 1
        else:
            row["failed"] += 1
            print(f"FAIL {name}: {self.trouble or f'passes, but is listed: {reason}'}")


def cases(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from cases(test)
        else:
            yield test


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True, help="the built tests/src/bin/session_bridge.rs")
    parser.add_argument("--source", type=Path, required=True, help="tests/ of Django's source package")
    parser.add_argument("-k", dest="word", default="", help="only tests with this word in their name")
    options = parser.parse_args()
    sys.path.insert(0, str(options.source.resolve()))

    import django
    from django.conf import settings

    # Every test empties the database: in memory where the system has a folder for that.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="nuages-django-suite-", dir=memory) as folder:
        database = Path(folder) / "db.sqlite3"
        settings.configure(
            SECRET_KEY="django_tests_secret_key",
            USE_TZ=True,
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions",
                            "sessions_tests"],
            DATABASES={"default": {
                "ENGINE": "django.db.backends.sqlite3", "NAME": str(database), "OPTIONS": {"timeout": 20},
                # The bridge opens the same file.
                "TEST": {"NAME": str(database)},
            }},
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        )
        django.setup()
        import bridge
        import differences
        from django.test import TestCase
        from django.test.utils import setup_databases, setup_test_environment, teardown_databases

        bridge.install()
        # The bridge is another process: it sees only what has been committed.
        TestCase._databases_support_transactions = classmethod(lambda cls: False)
        setup_test_environment()
        print(f"Django {django.get_version()}, Python {sys.version.split()[0]}")
        databases = setup_databases(verbosity=0, interactive=False)
        bridge.Program.start(options.program.resolve(), database)
        try:
            loader = unittest.TestLoader()
            if options.word:
                loader.testNamePatterns = [f"*{options.word}*"]
            result = Result(differences)
            from sessions_tests import tests

            # A class of which nothing is ours does not run, a test only if it is not listed as such.
            suite = [test for test in cases(loader.loadTestsFromModule(tests)) if differences.runs(test)]
            unittest.TestSuite(suite).run(result)
        finally:
            bridge.Program.stop()
            teardown_databases(databases, verbosity=0)
    print(f"\n{'':34}{'passed':>8}{'failed':>8}{'differs':>8}{'skipped':>8}")
    for name, row in result.rows.items():
        print(f"{name:34}" + "".join(f"{count:8}" for count in row.values()))
    for name in sorted(result.seen):
        print(f"differs: {name}: {differences.reason_of(name)}")
    passed, failed = (sum(row[column] for row in result.rows.values()) for column in ("passed", "failed"))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
