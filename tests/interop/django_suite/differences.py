"""The tests of Django's that do not hold here, by name, each with its reason."""

# Classes and tests that are not run: they test Django's own Python code, of which none is left when the
# backend is ours.
NOT_OURS = {
    "SessionBaseTests": "tests Django's base class alone",
    "ClearSessionsCommandTests": "tests Django's command with a backend of its own",
    "CustomDatabaseSessionTests": "tests subclasses of Django's Python classes",
    "test_exists_searches_cache_first": "counts the queries of Django's own connection",
    "test_session_key_is_read_only": "tests a Python property",
    "test_unpickling_exception": "replaces a function of Django's by one that fails",
}

# Run, and expected to fail; a name without a class holds for every class.
CACHE = "looks into Django's cache object; what our engines put into a cache is another format on purpose"
DIFFERS = {
    "CacheDBSessionTests.test_cache_set_failure_non_fatal": "replaces Django's cache object by one that fails",
    "CacheDBSessionTests.test_cache_async_set_failure_non_fatal": "replaces Django's cache object by one that fails",
    "CacheSessionTests.test_create_and_save": CACHE,
    "CacheSessionTests.test_create_and_save_async": CACHE,
    "CacheSessionTests.test_default_cache": CACHE,
    "CacheSessionTests.test_non_default_cache": CACHE,
    "CookieSessionTests.test_actual_expiry":
        "fails in Django, whose cookies ignore an expiry of the session's own; here they keep it",
    "CookieSessionTests.test_session_key_valid_string_saved": "a cookie's value is a key only where its signature holds",
    "FileSessionTests.test_clearsessions_command": "a SESSION_COOKIE_AGE of 0 is refused: every session would be over",
    "SessionMiddlewareTests.test_session_update_error_redirect":
        "relies on `modified` after a save: Django leaves it set for a session that is new, our save unsets it",
}


def runs(test) -> bool:
    return not {type(test).__name__, test._testMethodName} & NOT_OURS.keys()


def reason(cls, method: str):
    for ancestor in cls.__mro__:
        found = DIFFERS.get(f"{ancestor.__name__}.{method}")
        if found is not None:
            return found
    return DIFFERS.get(method)


def reason_of(name: str) -> str:
    from sessions_tests import tests

    cls, method = name.split(".")
    return reason(getattr(tests, cls), method)
