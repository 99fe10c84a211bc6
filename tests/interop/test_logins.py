"""Logins of a Django site by other backends than its default, and of users in a table of their own."""

import shutil
import tempfile
from pathlib import Path

from engines import BACKENDS, Engine
from sites import Django, Nuages, Visitor


class Logins:
    """Tests of `Together`, in which `django` and `nuages` serve the same visitors."""

    def test_a_login_by_any_listed_backend_is_one_on_both(self):
        visitor = Visitor()
        for backend in BACKENDS:
            visitor.do(self.django, "login", name="django", password="minor-swing", backend=backend)
            self.assertEqual(visitor.data(self.nuages)["_auth_user_backend"], backend)
            for site in (self.django, self.nuages, self.django):
                self.assertEqual(visitor.do(site, "whoami"), {"user": "django"}, backend)

    def test_a_login_by_an_unlisted_backend_is_a_stranger_who_loses_nothing(self):
        visitor, backend = Visitor(), "django.contrib.auth.backends.RemoteUserBackend"
        visitor.set(self.django, cart=["strings"])
        visitor.do(self.django, "login", name="django", password="minor-swing", backend=backend)
        before = visitor.data(self.django)
        for site in (self.django, self.nuages, self.django):
            self.assertEqual(visitor.do(site, "whoami"), {"user": None}, site.name)
        visitor.set(self.nuages, more=1)
        self.assertEqual(visitor.data(self.django), {**before, "more": 1})


class AnotherUserModel:
    """Django's users are in a table of their own, and an old `auth_user` row has the number of one of them."""

    engine: Engine
    program: Path

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(shutil.rmtree, folder := Path(tempfile.mkdtemp(prefix="nuages-interop-")))
        store = cls.engine.open(folder)
        cls.nuages = Nuages(cls.program, folder, store.nuages(AUTH_USER_MODEL="members.Member"))
        cls.nuages.run("migrate")
        # As Django makes it where AUTH_USER_MODEL is the default.
        store.execute(
            "CREATE TABLE auth_user (id integer PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL, last_login"
            " datetime, is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE, last_name varchar(150) NOT"
            " NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL, date_joined datetime"
            " NOT NULL, first_name varchar(150) NOT NULL)"
        )
        store.execute(
            "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff,"
            " is_active, date_joined) VALUES (1, '', 0, 'old', '', '', '', 0, 1, '2020-01-01 00:00:00')"
        )
        config = {**store.django(AUTH_USER_MODEL="members.Member"), "apps": ["members"]}
        cls.django = Django(folder, config)
        cls.django.run("migrate")
        cls.django.run("password", "django", "minor-swing")
        for site in (cls.django, cls.nuages):
            cls.addClassCleanup(site.stop)
            site.start()

    def test_a_login_of_another_user_model_is_a_stranger_who_loses_nothing(self):
        visitor = Visitor()
        visitor.set(self.django, cart=["strings"])
        visitor.do(self.django, "login", name="django", password="minor-swing")
        before = visitor.data(self.django)
        self.assertEqual(before["_auth_user_id"], "1")
        for site, user in ((self.django, "django"), (self.nuages, None), (self.django, "django")):
            self.assertEqual(visitor.do(site, "whoami"), {"user": user}, site.name)
        visitor.set(self.nuages, more=1)
        self.assertEqual(visitor.data(self.django), {**before, "more": 1})
        self.assertEqual(visitor.do(self.django, "whoami"), {"user": "django"})
