"""The running tests/src/bin/session_bridge.rs: a line of JSON to it, a line back."""

import json
import subprocess
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache.backends.base import InvalidCacheBackendError
from django.core.exceptions import ImproperlyConfigured


class Program:
    """The running bridge."""

    process = None
    database = None

    @classmethod
    def start(cls, program: Path, database: Path) -> None:
        cls.database = database
        cls.process = subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )

    @classmethod
    def stop(cls) -> None:
        if cls.process is not None:
            cls.process.stdin.close()
            cls.process.wait(timeout=20)

    @classmethod
    def ask(cls, engine: str, do: str, **values) -> dict:
        request = {"do": do, "settings": toml(engine), **values}
        cls.process.stdin.write(json.dumps(request) + "\n")
        cls.process.stdin.flush()
        line = cls.process.stdout.readline()
        if not line:
            raise AssertionError(f"the bridge has ended; it was asked {request}")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused.of(answer)
        return answer


class Refused(Exception):
    """An answer of the bridge that is an error."""

    @staticmethod
    def of(answer: dict) -> Exception:
        kind, text = answer["error"], answer["text"]
        if kind == "interrupted":
            return UpdateError(text)
        if kind == "settings":
            return InvalidCacheBackendError(text) if "SESSION_CACHE_ALIAS" in text else ImproperlyConfigured(text)
        refused = Refused(text)
        refused.kind = kind
        return refused


def toml(engine: str) -> str:
    """The settings.toml of a project with Django's settings, as they are now."""
    lines = [
        ("SECRET_KEY", settings.SECRET_KEY),
        ("DEBUG", True),
        ("SESSION_ENGINE", engine),
        *((name, getattr(settings, name)) for name in (
            "SESSION_COOKIE_AGE", "SESSION_COOKIE_NAME", "SESSION_EXPIRE_AT_BROWSER_CLOSE",
            "SESSION_CACHE_ALIAS", "SESSION_SAVE_EVERY_REQUEST",
        )),
    ]
    if settings.SESSION_FILE_PATH:
        lines.append(("SESSION_FILE_PATH", str(settings.SESSION_FILE_PATH)))
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines)
    text += f'[DATABASES.default]\nENGINE = "sqlite3"\nNAME = {json.dumps(str(Program.database))}\n'
    for alias in settings.CACHES:
        text += f'[CACHES.{alias}]\nBACKEND = "locmem"\n'
    return text
