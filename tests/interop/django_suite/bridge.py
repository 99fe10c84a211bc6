"""Django's session backends, replaced by classes that hand every operation to tests/src/bin/session_bridge.rs.

No session logic is here: data, flags, expiry, keys and storage are the framework's. What is translated is the
form of the calls, and errors into the exceptions that Django raises in their place.
"""

import logging
from datetime import datetime, timedelta, timezone as zone

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.exceptions import InvalidSessionKey
from django.utils import timezone
from program import Program, Refused

EPOCH = datetime(1970, 1, 1, tzinfo=zone.utc)
MISSING = object()


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


class Store(SessionBase):
    """A Django session backend whose every operation the bridge carries out."""

    engine: str

    def __init__(self, session_key=None):
        self._given, self._id, self._state = session_key, None, {}
        super().__init__(session_key)
        Program.ask(self.engine, "open")

    def _load(self):
        if self._id is None:
            answer = Program.ask(self.engine, "load", key=self._given or "")
            self._id, self._state = answer["ok"], answer["state"]

    def _do(self, do, **values):
        self._load()
        answer = Program.ask(self.engine, do, id=self._id, **values)
        self._state = answer["state"]
        return answer["ok"]

    def _forget(self, key):
        if self._id is not None:
            Program.ask(self.engine, "drop", id=self._id)
        self._given, self._id, self._state = key, None, {}

    @property
    def session_key(self):
        if self._id is None:
            return Program.ask(self.engine, "valid_key", key=self._given or "")["ok"]
        return self._state["key"]

    @property
    def _session_key(self):
        return self.session_key

    @_session_key.setter
    def _session_key(self, key):
        self._forget(key)

    @property
    def _session_cache(self):
        if self._id is None:
            raise AttributeError("nothing is loaded yet")
        return dict(self._do("items"))

    @_session_cache.deleter
    def _session_cache(self):
        self._forget(self.session_key)

    @property
    def accessed(self):
        return self._state.get("accessed", False)

    @accessed.setter
    def accessed(self, value):
        # A session of ours is untouched once: when it has been loaded for a request.
        if self._id is not None and not value and self.accessed:
            self._do("next_request")

    @property
    def modified(self):
        return self._state.get("modified", False)

    @modified.setter
    def modified(self, value):
        # `__init__` sets it before there is a session.
        if self._id is not None:
            self._do("set_modified", value=value)

    def __contains__(self, key):
        return self._do("contains", key=key)

    def __getitem__(self, key):
        if key not in self:
            raise KeyError(key)
        return self._do("get", key=key)

    def __setitem__(self, key, value):
        self._do("set", key=key, value=value)

    def __delitem__(self, key):
        self.pop(key)

    def get(self, key, default=None):
        return self._do("get", key=key) if key in self else default

    def pop(self, key, default=MISSING):
        if key not in self:
            if default is MISSING:
                raise KeyError(key)
            return default
        return self._do("remove", key=key)

    def setdefault(self, key, value):
        return self._do("set_default", key=key, value=value)

    def update(self, values):
        self._do("extend", value=dict(values))

    def has_key(self, key):
        return key in self

    def keys(self):
        return dict.fromkeys(self._do("keys")).keys()

    def values(self):
        return dict(enumerate(self._do("values"))).values()

    def items(self):
        return dict(self._do("items")).items()

    def clear(self):
        self._do("clear")

    def is_empty(self):
        return self._do("is_empty")

    def set_expiry(self, value):
        if isinstance(value, timedelta):
            value = timezone.now() + value
        self._do("set_expiry", value={"at": micros(value)} if isinstance(value, datetime) else value)

    def get_expiry_age(self, **given):
        return self._do("expiry_age", **self._moment(given))

    def get_expiry_date(self, **given):
        return EPOCH + timedelta(microseconds=self._do("expiry_date", **self._moment(given)))

    @staticmethod
    def _moment(given):
        if given.keys() - {"modification"}:
            raise NotImplementedError(given)
        return {"moment": micros(given["modification"])} if given else {}

    def get_expire_at_browser_close(self):
        return self._do("expires_at_browser_close")

    def load(self):
        self._forget(self.session_key)
        return dict(self._do("items"))

    def create(self):
        self._forget(None)
        self._do("save")

    def save(self, must_create=False):
        if must_create:
            data = dict(self._do("items"))
            self._forget(None)
            self.update(data)
        self._do("save")

    def exists(self, session_key):
        return Program.ask(self.engine, "exists", key=session_key or "")["ok"]

    def delete(self, session_key=None):
        key = session_key or self.session_key
        if key is not None:
            Program.ask(self.engine, "delete", key=key)

    def flush(self):
        self._do("flush")

    def cycle_key(self):
        self._do("cycle_key")

    @classmethod
    def clear_expired(cls):
        Program.ask(cls.engine, "clear_expired")

    def encode(self, session_dict):
        return Program.ask(self.engine, "encode", value=session_dict)["ok"]

    def decode(self, session_data):
        try:
            return Program.ask(self.engine, "decode", value=session_data)["ok"]
        except Refused as error:
            if error.kind != "undecodable":
                raise
            logging.getLogger("django.security.SuspiciousSession").warning("Session data corrupted: %s", error)
            return {}


def make_async(name):
    async def method(self, *positional, **named):
        return getattr(self, name)(*positional, **named)

    return method


# From Django 5.1 on each operation has a second form.
for name in (
    "get pop setdefault update has_key keys values items clear is_empty set_expiry get_expiry_age "
    "get_expiry_date get_expire_at_browser_close load create save exists delete flush cycle_key"
).split():
    setattr(Store, f"a{name}", make_async(name))
Store.aset = make_async("__setitem__")


class DatabaseStore(Store):
    engine = "db"

    @classmethod
    def get_model_class(cls):
        from django.contrib.sessions.models import Session

        return Session

    @property
    def model(self):
        return self.get_model_class()


class CachedDatabaseStore(DatabaseStore):
    engine = "cached_db"


class CacheStore(Store):
    engine = "cache"


class FileStore(Store):
    engine = "file"

    def __init__(self, session_key=None):
        type(self)._get_storage_path()
        super().__init__(session_key)

    @classmethod
    def _get_storage_path(cls):
        cls._storage_path = str(settings.SESSION_FILE_PATH)
        return cls._storage_path

    def _key_to_file(self, key):
        if Program.ask(self.engine, "valid_key", key=key)["ok"] is None:
            raise InvalidSessionKey(key)
        return f"{self._storage_path}/{settings.SESSION_COOKIE_NAME}{key}"


class CookieStore(Store):
    """The key of a session in a cookie is the cookie's value."""

    engine = "signed_cookies"

    def _forget(self, key):
        super()._forget(key)
        self._cookie = None

    def _load(self):
        if self._id is None:
            super()._load()
            # A value that does not verify names no session.
            known = self._given and super()._do("items")
            self._cookie = self._given if known else None
            if self._given:
                super()._do("next_request")

    @property
    def session_key(self):
        if self._id is None and not self._given:
            return None
        self._load()
        return self._cookie

    _session_key = property(lambda self: self.session_key, Store._session_key.fset)

    def save(self, must_create=False):
        super().save(must_create)
        self._cookie = self.encode(dict(self._do("items")))

    def cycle_key(self):
        super().cycle_key()
        self._cookie = self.encode(dict(self._do("items")))

    def flush(self):
        super().flush()
        self._cookie = None


async def aclear_expired(cls):
    cls.clear_expired()


Store.aclear_expired = classmethod(aclear_expired)


def install() -> None:
    """Puts them where Django's tests import its own from."""
    from django.contrib.sessions.backends import cache, cached_db, db, file, signed_cookies

    places = {
        cache: CacheStore, cached_db: CachedDatabaseStore, db: DatabaseStore, file: FileStore,
        signed_cookies: CookieStore,
    }
    for module, store in places.items():
        # The salt of the encoding is made of the class's name.
        store.__name__ = store.__qualname__ = "SessionStore"
        module.SessionStore = store
