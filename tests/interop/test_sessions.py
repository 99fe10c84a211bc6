"""What must hold while a Django site and a Nuages site serve the same visitors from the same store.

Each test is a sentence; `run.py` makes a class of `Together` for every engine, and for the engines in a
database one more in which Nuages, not Django, made the tables.
"""

import json
import math
import random
import re
import shutil
import tempfile
import threading
import time
import unittest
import zoneinfo
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from engines import SECRET_KEY, Engine
from marks import both_ways, database, load, revocable, rows
from sites import Django, Nuages, Visitor
from test_logins import AnotherUserModel, Logins
from test_forms import Forms

VALUES = {
    "text": "John Doe",
    "unicode": "Nîmes, Москва, 東京, 🎸 and \u2028",
    "quotes": "\"'<>&\\/\n\t\x01\x7f",
    "empty": "",
    "none": None,
    "yes": True,
    "zero": 0,
    "negative": -42,
    "64_bits": [-(2**63), 2**64 - 1],
    "tenth": 0.1,
    "tiny": 5e-324,
    "large": 1.7976931348623157e308,
    "whole_float": 3.0,
    "list": [1, [2, [3, []]], {"a": {}}],
    "order": {"z": 1, "a": 2, "m": {"y": 1, "b": 2}},
    "long": "so long that it is compressed " * 40,
}


class Together(Logins):
    engine: Engine
    made_by: str
    program: Path

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(shutil.rmtree, folder := Path(tempfile.mkdtemp(prefix="nuages-interop-")))
        cls.store = cls.engine.open(folder)
        cls.addClassCleanup(cls.store.close)
        cls.django = Django(folder, cls.store.django())
        cls.nuages = Nuages(cls.program, folder, cls.store.nuages())
        if cls.made_by == "nuages":
            cls.nuages.run("migrate")
            cls.check = cls.django.run("migrate", "sessions", "--check", check=False)
            cls.django.run("migrate")
        else:
            cls.django.run("migrate")
            cls.check = cls.nuages.run("migrate", "--check", check=False)
        cls.django.run("password", "django", "minor-swing")
        cls.django.run("password", "admin", "nuages", "staff")
        for site in (cls.django, cls.nuages):
            cls.addClassCleanup(site.stop)
            site.start()

    def assert_anonymous(self, cookies: dict):
        """Neither site finds anything under these cookies."""
        for site in (self.django, self.nuages):
            self.assertEqual(Visitor(cookies).data(site), {}, site.name)

    @both_ways
    def test_a_session_goes_back_and_forth(self, first, second, visitor):
        visitor.set(first, name="John Doe")
        self.assertEqual(visitor.data(second), {"name": "John Doe"})
        visitor.set(second, name="Jane Doe", city="Nîmes")
        self.assertEqual(visitor.data(first), {"name": "Jane Doe", "city": "Nîmes"})
        visitor.do(first, "remove", name="name")
        self.assertEqual(visitor.data(second), {"city": "Nîmes"})

    @both_ways
    def test_a_flush_on_one_site_is_final_on_both(self, first, second, visitor):
        visitor.set(first, name="John Doe")
        visitor.do(second, "count")
        before = dict(visitor.cookies)
        visitor.do(first, "flush")
        self.assertEqual(visitor.cookies, {})
        self.assertEqual(visitor.data(second), {})
        if self.engine.revocable:
            self.assert_anonymous(before)

    @both_ways
    def test_every_json_value_arrives_unchanged(self, first, second, visitor):
        visitor.set(first, **VALUES)
        found = visitor.data(second)
        self.assertEqual(json.dumps(found), json.dumps(VALUES))
        visitor.set(second, more=1)
        found = visitor.data(first)
        self.assertEqual(json.dumps(found), json.dumps({**VALUES, "more": 1}))

    def test_integers_beyond_64_bits_survive_a_change_beside_them(self):
        visitor, large = Visitor(), [2**80 + 1, {"in": -(10**30) + 1}]
        visitor.set(self.django, large=large)
        visitor.set(self.nuages, more=1)
        self.assertEqual(visitor.data(self.django), {"large": large, "more": 1})

    @rows
    def test_what_rust_cannot_hold_is_left_as_django_wrote_it(self):
        for value in (math.nan, math.inf, "\ud800"):
            visitor = Visitor()
            visitor.set(self.django, value=value)
            self.assertEqual(Visitor(visitor.cookies).data(self.nuages), {})
            self.assertEqual(repr(visitor.data(self.django)["value"]), repr(value))

    @both_ways
    def test_every_kind_of_expiry_means_the_same_to_both(self, first, second, visitor):
        forms = {
            "after": ({"value": "300"}, 300, False),
            "browser close": ({"value": "0"}, 1209600, True),
            "moment": ({"at": int(time.time()) + 86400}, 86400, False),
            "default": ({"value": "null"}, 1209600, False),
        }
        for form, (query, age, browser_close) in forms.items():
            visitor.set(first, form=form)
            visitor.do(first, "expiry", **query)
            mine, theirs = visitor.do(first, "session"), visitor.do(second, "session")
            self.assertAlmostEqual(mine["expiry_age"], age, delta=10, msg=form)
            self.assertAlmostEqual(theirs["expiry_age"], age, delta=10, msg=form)
            self.assertEqual((mine["browser_close"], theirs["browser_close"]), (browser_close,) * 2, form)
            self.assertEqual(mine["data"], theirs["data"], form)

    @both_ways
    def test_whoever_is_logged_in_on_one_site_is_logged_in_on_the_other(self, first, second, visitor):
        visitor.set(second, cart=["strings"])
        before = dict(visitor.cookies)
        visitor.do(first, "login", name="django", password="minor-swing")
        self.assertNotEqual(visitor.cookies, before, "the key is still the one from before the login")
        for site in (first, second):
            self.assertEqual(visitor.do(site, "whoami"), {"user": "django"})
        visitor.set(second, cart=["strings", "picks"])
        self.assertEqual(visitor.do(first, "whoami"), {"user": "django"})
        self.assertEqual(visitor.data(first)["cart"], ["strings", "picks"])
        if self.engine.revocable:
            self.assert_anonymous(before)

    @both_ways
    def test_messages_of_both_sites_are_shown_once_by_either(self, first, second, visitor):
        shown = [[20, "Grüße ☃ 🎸", "info"], [40, "<b>no</b>", "big red error"], [25, "ok", "success"]]
        for site, (level, text, tags) in zip((first, second, first), shown):
            visitor.do(site, "note", level=level, text=text, tags=tags.rpartition(" ")[0])
        self.assertEqual(visitor.do(second, "notes"), {"notes": shown})
        self.assertEqual(visitor.cookies, {}, "a message needs no session")
        # More than the cookie can hold: the rest is in the session.
        texts = [random.Random(number).randbytes(400).hex() for number in range(5)]
        if self.engine.short == "signed_cookies":
            texts = texts[:3]
        for site, text in zip((first, second, first, second, first), texts):
            visitor.do(site, "note", level=30, text=text, tags="")
        self.assertEqual(visitor.do(second, "notes"), {"notes": [[30, text, "warning"] for text in texts]})
        for site in (first, second):
            self.assertEqual(visitor.do(site, "notes"), {"notes": []}, site.name)

    @both_ways
    def test_a_login_sets_last_login(self, first, second, visitor):
        self.store.execute("UPDATE auth_user SET last_login = NULL")
        visitor.do(first, "login", name="django", password="minor-swing")
        found = self.store.execute("SELECT last_login FROM auth_user WHERE username = 'django'")[0][0]
        # SQLite has the text of a local time, PostgreSQL a moment.
        zone = zoneinfo.ZoneInfo(self.engine.zone or "UTC")
        moment = found if isinstance(found, datetime) else datetime.fromisoformat(found).replace(tzinfo=zone)
        self.assertAlmostEqual(moment.timestamp(), time.time(), delta=20)

    @both_ways
    def test_a_logout_on_one_site_is_one_on_the_other(self, first, second, visitor):
        for login, logout in ((first, second), (first, first)):
            visitor.do(login, "login", name="django", password="minor-swing")
            before = dict(visitor.cookies)
            visitor.do(logout, "logout")
            for site in (first, second):
                self.assertEqual(visitor.do(site, "whoami"), {"user": None})
            if self.engine.revocable:
                self.assert_anonymous(before)

    def test_who_logs_in_to_djangos_admin_is_known_to_both_until_either_logs_out(self):
        visitor = Visitor()
        self.assertEqual(visitor.answer(self.django, "admin/login").status, 200)
        answer = visitor.post(self.django, "admin/login", username="admin", password="nuages", next="/admin/")
        self.assertEqual((answer.status, answer.all("Location")), (302, ["/admin/"]))
        self.assertEqual(visitor.do(self.nuages, "whoami"), {"user": "admin"})
        visitor.set(self.nuages, name="John Doe")
        self.assertEqual(visitor.answer(self.django, "admin").status, 200)
        self.assertIn(b"Site administration", visitor.last.body)
        self.assertEqual(visitor.data(self.nuages)["name"], "John Doe")
        visitor.do(self.nuages, "logout")
        self.assertEqual(visitor.answer(self.django, "admin").status, 302)

    @both_ways
    def test_a_new_password_logs_out_everywhere(self, first, second, visitor):
        self.django.run("password", "joseph", "first")
        visitor.do(first, "login", name="joseph", password="first")
        self.assertEqual(visitor.do(second, "whoami"), {"user": "joseph"})
        self.django.run("password", "joseph", "second")
        for site in (second, first):
            self.assertEqual(visitor.do(site, "whoami"), {"user": None})

    @revocable
    @both_ways
    def test_a_cycled_key_keeps_the_data_and_ends_the_old_key(self, first, second, visitor):
        visitor.set(first, name="John Doe")
        before = dict(visitor.cookies)
        visitor.do(second, "cycle")
        self.assertNotEqual(visitor.cookies, before)
        self.assertEqual(visitor.data(first), {"name": "John Doe"})
        self.assert_anonymous(before)

    @revocable
    @both_ways
    def test_a_logout_is_final_also_for_a_request_in_flight(self, first, second, visitor):
        visitor.set(first, name="John Doe")
        before, slow = dict(visitor.cookies), Visitor(visitor.cookies)
        thread = threading.Thread(target=slow.answer, args=(first, "slow"),
                                  kwargs={"name": "late", "seconds": 1})
        thread.start()
        time.sleep(0.4)
        visitor.do(second, "flush")
        thread.join()
        self.assert_anonymous(before)
        self.assert_anonymous(slow.cookies)

    @revocable
    def test_an_unknown_key_is_never_adopted(self):
        for site in (self.django, self.nuages):
            for key in ("a" * 32, "short", "0123456789abcdefghijklmnopqrstuv"):
                visitor = Visitor({"sessionid": key})
                self.assertEqual(visitor.data(site), {})
                visitor = Visitor({"sessionid": key})
                visitor.set(site, name="John Doe")
                self.assertRegex(visitor.cookies["sessionid"], r"^[a-z0-9]{32}$")
                self.assertNotEqual(visitor.cookies["sessionid"], key)

    @both_ways
    def test_an_error_saves_nothing(self, first, second, visitor):
        visitor.set(first, name="John Doe")
        self.assertEqual(visitor.answer(second, "fail").status, 500)
        self.assertEqual(visitor.last.all("Set-Cookie"), [])
        self.assertEqual(visitor.data(first), {"name": "John Doe"})

    def test_cookies_and_vary_are_the_same_byte_for_byte(self):
        def masked(answer):
            cookies = [re.sub(r'^(\w+)=(?!"")[^;]+', r"\1=VALUE", cookie) for cookie in answer.all("Set-Cookie")]
            cookies = [re.sub(r"expires=(?!Thu, 01 Jan 1970)[^;]+", "expires=TIME", cookie) for cookie in cookies]
            return cookies, answer.all("Vary")

        seen = {}
        for site in (self.django, self.nuages):
            visitor = Visitor()
            steps = [("plain", {}), ("session", {}), ("set", {"name": '"x"'}), ("plain", {}), ("session", {}),
                     ("expiry", {"value": "0"}), ("expiry", {"value": "600"}), ("fail", {}), ("flush", {}),
                     ("session", {})]
            seen[site.name] = [(path, *masked(visitor.answer(site, path, **query))) for path, query in steps]
            # A signed cookie that it cannot read is replaced by an empty one in Django, deleted in Nuages.
            if self.engine.revocable:
                stale = Visitor({"sessionid": "z" * 32})
                seen[site.name].append(("stale", *masked(stale.answer(site, "session"))))
        self.assertRegex(str(seen["django"]), 'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0')
        self.assertEqual(seen["nuages"], seen["django"])

    @load
    def test_200_mixed_requests_of_8_visitors_lose_nothing(self):
        def visit(seed: int) -> list:
            chance, visitor, sites = random.Random(seed), Visitor(), [self.django, self.nuages]
            counts = [visitor.do(chance.choice(sites), "count")["data"]["count"] for _ in range(25)]
            return counts + [visitor.data(site)["count"] for site in sites]

        with ThreadPoolExecutor(8) as pool:
            for counts in pool.map(visit, range(8)):
                self.assertEqual(counts, [*range(1, 26), 25, 25])

    @load
    @revocable
    def test_200_concurrent_updates_of_one_session_are_all_kept_while_django_reads_it(self):
        visitor = Visitor()
        visitor.set(self.nuages, name="John Doe")

        def work(_):
            own = Visitor(visitor.cookies)
            for _ in range(25):
                own.do(self.nuages, "count")

        def read():
            while not done.is_set():
                found.append(Visitor(visitor.cookies).data(self.django)["name"])

        done, found = threading.Event(), []
        reader = threading.Thread(target=read)
        reader.start()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        done.set()
        reader.join()
        self.assertEqual(set(found), {"John Doe"})
        for site in (self.nuages, self.django):
            self.assertEqual(visitor.data(site), {"name": "John Doe", "count": 200}, site.name)

    def test_a_new_secret_key_beside_the_old_one_ends_no_session(self):
        folder = Path(tempfile.mkdtemp(prefix="nuages-interop-"))
        self.addCleanup(shutil.rmtree, folder)
        settings = self.store.nuages("a-new-secret-" + "k" * 40, SECRET_KEY_FALLBACKS=[SECRET_KEY])
        rotated = Nuages(self.program, folder, settings)
        self.addCleanup(rotated.stop)
        rotated.start()
        visitor = Visitor()
        visitor.set(self.django, name="John Doe")
        self.assertEqual(visitor.data(rotated), {"name": "John Doe"})
        visitor.set(rotated, name="Jane Doe")
        self.assertEqual(visitor.data(rotated), {"name": "Jane Doe"})

    @database
    def test_the_other_site_finds_nothing_to_migrate(self):
        self.assertEqual(self.check.returncode, 0, self.check.stdout)
        again = self.nuages.run("migrate")
        self.assertIn("No migrations to apply", again.stdout)
        self.assertIn("No migrations to apply", self.django.run("migrate").stdout)

    @rows
    @both_ways
    def test_an_expired_row_is_gone_for_both_and_either_clears_it(self, first, second, visitor):
        kept = Visitor()
        kept.set(first, name="Jane Doe")
        visitor.set(first, name="John Doe")
        key = visitor.cookies["sessionid"]
        self.store.execute(f"UPDATE django_session SET expire_date = '2020-01-01 00:00:00' WHERE session_key = '{key}'")
        self.assert_anonymous(visitor.cookies)
        count = f"SELECT count(*) FROM django_session WHERE session_key = '{key}'"
        self.assertEqual(self.store.execute(count)[0][0], 1)
        second.run("clearsessions")
        self.assertEqual(self.store.execute(count)[0][0], 0)
        self.assertEqual(kept.data(first), {"name": "Jane Doe"})


def classes(engines: list[Engine], program: Path, light: bool = False) -> list[type]:
    made = []
    for engine in engines:
        for made_by in ("django", "nuages") if engine.in_database else ("django",):
            name = f"{engine.name}, tables by {made_by}" if engine.in_database else engine.name
            cls = type(name, (Together, Forms, unittest.TestCase), {"engine": engine, "made_by": made_by, "program": program})
            for test in unittest.TestLoader().getTestCaseNames(cls):
                applies = getattr(getattr(cls, test), "applies", lambda engine: True)(engine)
                if not applies or (light and hasattr(getattr(cls, test), "load")):
                    setattr(cls, test, None)
            made.append(cls)
        if engine.name == "db-sqlite":
            name, members = f"{engine.name}, another user model", {"engine": engine, "program": program}
            made.append(type(name, (AnotherUserModel, unittest.TestCase), members))
    return made
