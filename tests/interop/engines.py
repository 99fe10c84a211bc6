"""The engines that both sides have, each with the configuration of both sites on the same store."""

import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import django

SECRET_KEY = "interop-Zu7%k2_wq@1x=rb8^m4n0c(v9+t6!y3&h5$j-e"

# Django's default, and one more that shares its users.
BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "django.contrib.auth.backends.AllowAllUsersModelBackend",
]


@dataclass
class Engine:
    """One store, made for one test and used by both sites."""

    name: str
    short: str
    database: str = "sqlite"
    redis: bool = False
    # The TIME_ZONE of sites with USE_TZ = False.
    zone: str = ""
    settings: dict = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def revocable(self) -> bool:
        return self.short != "signed_cookies"

    @property
    def in_database(self) -> bool:
        return self.short in ("db", "cached_db")

    def open(self, folder: Path) -> "Store":
        return Store(self, folder)


ENGINES = [
    Engine("db-sqlite", "db"),
    Engine("db-sqlite-local-time", "db", zone="America/Chicago"),
    Engine("db-postgresql", "db", database="postgresql"),
    Engine("db-postgresql-local-time", "db", database="postgresql", zone="Asia/Kolkata"),
    Engine("file", "file"),
    Engine("signed_cookies", "signed_cookies"),
    Engine("cached_db-redis", "cached_db", redis=True),
]


class Store:
    """The engine's database, folder and cache, and what each site must be told of them."""

    def __init__(self, engine: Engine, folder: Path):
        self.engine, self.folder = engine, folder
        self.prefix = f"interop-{uuid.uuid4().hex[:12]}"
        self.database = self.prefix.replace("-", "_")
        self.sessions = folder / "sessions"
        self.sessions.mkdir()
        if engine.database == "postgresql":
            self.server = urlsplit(os.environ["TEST_NUAGES_POSTGRES"])
            self.administer(f'CREATE DATABASE "{self.database}"')

    def close(self) -> None:
        if self.engine.database == "postgresql":
            self.administer(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')

    def administer(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(os.environ["TEST_NUAGES_POSTGRES"], autocommit=True) as connection:
            connection.execute(statement)

    def execute(self, statement: str) -> list:
        """Runs one statement on the database that both sites use."""
        if self.engine.database == "sqlite":
            import sqlite3

            connection = sqlite3.connect(self.folder / "db.sqlite3", timeout=10)
        else:
            import psycopg

            server = self.server
            connection = psycopg.connect(
                host=server.hostname, port=server.port, user=server.username, password=server.password,
                dbname=self.database,
            )
        try:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return rows
        finally:
            connection.close()

    def zone(self) -> dict:
        """The settings of sites that store local times."""
        return {"USE_TZ": False, "TIME_ZONE": self.engine.zone} if self.engine.zone else {}

    def django(self, **settings) -> dict:
        """The configuration of django_site.py."""
        options = {"timeout": 20, **({"transaction_mode": "IMMEDIATE"} if django.VERSION >= (5, 1) else {})}
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(self.folder / "db.sqlite3"),
                    "OPTIONS": options}
        if self.engine.database == "postgresql":
            server = self.server
            database = {"ENGINE": "django.db.backends.postgresql", "NAME": self.database,
                        "HOST": server.hostname, "PORT": server.port, "USER": server.username,
                        "PASSWORD": server.password}
        config = {
            "secret_key": SECRET_KEY,
            "database": database,
            "settings": {
                "SESSION_ENGINE": f"django.contrib.sessions.backends.{self.engine.short}",
                "SESSION_FILE_PATH": str(self.sessions),
                "AUTHENTICATION_BACKENDS": BACKENDS,
                **self.zone(),
                **settings,
            },
        }
        if self.engine.redis:
            config["caches"] = {"default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": os.environ["TEST_NUAGES_REDIS"],
                "KEY_PREFIX": self.prefix,
            }}
        return config

    def nuages(self, secret_key: str = SECRET_KEY, **settings) -> str:
        """The settings.toml of the Nuages site."""
        top = {
            "SECRET_KEY": secret_key,
            "ALLOWED_HOSTS": ["127.0.0.1"],
            "SESSION_ENGINE": f"django.contrib.sessions.backends.{self.engine.short}",
            "SESSION_FILE_PATH": str(self.sessions),
            "AUTHENTICATION_BACKENDS": BACKENDS,
            **self.zone(),
            **settings,
        }
        lines = [f"{name} = {toml(value)}" for name, value in top.items()]
        lines += ["", "[DATABASES.default]"]
        if self.engine.database == "sqlite":
            lines += ['ENGINE = "django.db.backends.sqlite3"', f"NAME = {toml(str(self.folder / 'db.sqlite3'))}"]
        else:
            server = self.server
            lines += ['ENGINE = "django.db.backends.postgresql"', f"NAME = {toml(self.database)}",
                      f"HOST = {toml(server.hostname)}", f"PORT = {server.port}",
                      f"USER = {toml(server.username)}", f"PASSWORD = {toml(server.password)}"]
        if self.engine.redis:
            lines += ["", "[CACHES.default]", 'BACKEND = "django.core.cache.backends.redis.RedisCache"',
                      f"LOCATION = {toml(os.environ['TEST_NUAGES_REDIS'])}",
                      f"KEY_PREFIX = {toml(self.prefix)}"]
        return "\n".join(lines) + "\n"


def toml(value) -> str:
    """A value in TOML (which has JSON's strings, numbers and lists)."""
    import json

    return json.dumps(value)
