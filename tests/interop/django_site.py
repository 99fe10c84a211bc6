"""A Django site in one file: the other half of the live tests, and its manage.py.

`INTEROP` in the environment holds its configuration as JSON (see `Engine.django` in engines.py). Its views
answer the same requests, with the same JSON, as `tests/src/bin/interop_app.rs`.
"""

import json
import os
import sys
import time
from datetime import datetime, timezone

from django.conf import settings

config = json.loads(os.environ["INTEROP"])
settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY=config["secret_key"],
    SECRET_KEY_FALLBACKS=config.get("secret_key_fallbacks", []),
    ROOT_URLCONF="django_urls",
    # As `django-admin startproject` writes them.
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        *config.get("apps", []),
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
    STATIC_URL="static/",
    DATABASES={"default": config["database"]},
    CACHES=config.get("caches", {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}),
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=["django_hasher.QuickHasher"],
    **{"USE_TZ": True, **config.get("settings", {})},
)
if not settings.USE_TZ:
    # Django does this itself where settings are a module.
    os.environ["TZ"] = settings.TIME_ZONE
    time.tzset()

from django.contrib import messages  # noqa: E402
from django.contrib.auth import authenticate, get_user_model, login, logout  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.urls import path  # noqa: E402


def state(request):
    session = request.session
    return JsonResponse(
        {
            "key": session.session_key,
            "data": dict(session.items()),
            "expiry_age": session.get_expiry_age(),
            "browser_close": session.get_expire_at_browser_close(),
        }
    )


def plain(request):
    return JsonResponse({"plain": True})


def set_values(request):
    for name, text in request.GET.items():
        request.session[name] = json.loads(text)
    return state(request)


def remove(request):
    request.session.pop(request.GET["name"], None)
    return state(request)


def count(request):
    request.session["count"] = request.session.get("count", 0) + 1
    return state(request)


def slow(request):
    """Sets a value, and answers only after a while: the session is saved at the end."""
    request.session[request.GET["name"]] = True
    time.sleep(float(request.GET["seconds"]))
    return state(request)


def flush(request):
    request.session.flush()
    return JsonResponse({"key": None})


def cycle(request):
    request.session.cycle_key()
    return state(request)


def expiry(request):
    """`value`: seconds, 0 or null; `at`: a moment in Unix seconds."""
    if "at" in request.GET:
        zone = timezone.utc if settings.USE_TZ else None
        request.session.set_expiry(datetime.fromtimestamp(int(request.GET["at"]), tz=zone))
    else:
        request.session.set_expiry(json.loads(request.GET["value"]))
    return state(request)


def sign_in(request):
    user = authenticate(request, username=request.GET["name"], password=request.GET["password"])
    login(request, user, backend=request.GET.get("backend", user.backend))
    return state(request)


def sign_out(request):
    logout(request)
    return JsonResponse({"key": None})


def whoami(request):
    return JsonResponse({"user": request.user.get_username() or None})


def token(request):
    return JsonResponse({"token": get_token(request)})


def note(request):
    """`level`, `text` and `tags` of a message."""
    messages.add_message(request, int(request.GET["level"]), request.GET["text"], request.GET["tags"])
    return JsonResponse({"noted": True})


def notes(request):
    found = [[note.level, str(note.message), note.tags] for note in messages.get_messages(request)]
    return JsonResponse({"notes": found})


def fail(request):
    request.session["fail"] = True
    return JsonResponse({"error": True}, status=500)


pages = [
    path("session/", state),
    path("plain/", plain),
    path("set/", set_values),
    path("remove/", remove),
    path("count/", count),
    path("slow/", slow),
    path("flush/", flush),
    path("cycle/", cycle),
    path("expiry/", expiry),
    path("login/", sign_in),
    path("logout/", sign_out),
    path("whoami/", whoami),
    path("token/", token),
    path("note/", note),
    path("notes/", notes),
    path("fail/", fail),
]


def set_password(name: str, password: str, *roles: str) -> None:
    """Of a user who is made where there is none of this name; with the role `staff` one who may use the admin."""
    user, _ = get_user_model().objects.get_or_create(username=name)
    user.set_password(password)
    user.is_staff = user.is_superuser = "staff" in roles
    user.save()


if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] == ["password"]:
        import django

        django.setup()
        set_password(*sys.argv[2:])
    else:
        execute_from_command_line(sys.argv)
