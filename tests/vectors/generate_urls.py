"""Writes url_resolver.json: what a real Django resolves and reverses for random sets of routes.

    python -m venv venv && venv/bin/pip install 'Django==5.2.*' && venv/bin/python generate_urls.py

The sets nest include() with prefixes that capture, namespaces that repeat, names that are shared and
custom converters; the paths are made of the patterns, so that several of them often fit one path.
Values are the captured text, not what int() makes of it. Django reverses a URL if all of it fits the
whole pattern; rows where a single value does not fit its own converter are left out.
"""

import json
import pathlib
import random
import re

import django
from django.conf import settings
from django.urls import converters, include, path, register_converter
from django.urls.base import set_urlconf
from django.urls.exceptions import NoReverseMatch, Resolver404
from django.urls.resolvers import RegexPattern, URLResolver

settings.configure(ROOT_URLCONF=None)
django.setup()
for converter in converters.DEFAULT_CONVERTERS.values():
    type(converter).to_python = lambda self, value: value


def custom(name, expression):
    register_converter(
        type(name, (), {"regex": expression, "to_python": lambda self, v: v, "to_url": lambda self, v: str(v)}), name
    )


custom("yyyy", "[0-9]{4}")
custom("ab", "[ab]+")
custom("deep", "[ab1](?:/[ab1])*")

REGEX = {name: c.regex for name, c in converters.get_converters().items()}
UUID = "075194d3-6885-417e-a8a8-6c931e272f00"
SAMPLES = {
    "int": ["1", "12", "007"],
    "str": ["a", "b-1", "é", "a b", "1", "//"],
    "slug": ["a", "a-b", "1", "1-2", "_"],
    "uuid": [UUID, UUID, UUID.upper()],
    "path": ["a", "a/b", "1/", "a/1/b", "x\ny"],
    "yyyy": ["2026", "202", "20267"],
    "ab": ["a", "ab", "bba"],
    "deep": ["a", "a/b", "1/a/1"],
}
LITERALS = ["a", "b", "1", "-", ".", "é", "a/", "b/", "1/", "/", "/", "/", "x{y}/", "$&/"]
rng = random.Random(20260801)


def pattern(counter, most):
    text = ""
    for _ in range(rng.randint(0, most)):
        if rng.random() < 0.45:
            counter[0] += 1
            text += f"<{rng.choice(list(SAMPLES))}:p{counter[0]}>"
        else:
            text += rng.choice(LITERALS)
    return text


def routes(counter, depth):
    made = []
    for _ in range(rng.randint(2, 5)):
        if depth and rng.random() < 0.35:
            route = {"pattern": pattern(counter, 2), "include": routes(counter, depth - 1)}
            if rng.random() < 0.6:
                route["namespace"] = rng.choice(["n", "m"])
        else:
            route = {"pattern": pattern(counter, 5)}
            if rng.random() < 0.8:
                route["name"] = rng.choice(["x", "y", "z"])
        made.append(route)
    return made


def view(request, **kwargs):
    return None


def django_routes(made):
    listed = []
    for route in made:
        if "include" in route:
            inner = django_routes(route["include"])
            namespace = route.get("namespace")
            target = include((inner, namespace), namespace=namespace) if namespace else include(inner)
            listed.append(path(route["pattern"], target))
        else:
            listed.append(path(route["pattern"], view, name=route.get("name")))
    return listed


def endpoints(made, prefix="", namespace=""):
    for route in made:
        text = prefix + route["pattern"]
        if "include" in route:
            inner = namespace + route["namespace"] + ":" if "namespace" in route else namespace
            yield from endpoints(route["include"], text, inner)
        else:
            yield text, namespace + route["name"] if "name" in route else None


def sample(text):
    return re.sub(r"<(\w+):\w+>", lambda m: rng.choice(SAMPLES[m[1]]), text)


class Urls:
    pass


sets = []
while len(sets) < 150:
    made = routes([0], 2)
    flat = list(endpoints(made))
    urls = Urls()
    urls.urlpatterns = django_routes(made)
    resolver = URLResolver(RegexPattern(r"^/"), urls)
    paths = {}
    for text, _ in rng.choices(flat, k=12):
        asked = sample(text)
        if rng.random() < 0.2 and asked:
            cut = rng.randrange(len(asked))
            asked = asked[:cut] + rng.choice(["", "/", "a", "1"]) + asked[cut + 1 :]
        try:
            found = resolver.resolve("/" + asked)
            paths[asked] = {"route": found.route.removeprefix("^/"), "name": found.view_name if found.url_name else None, "kwargs": found.kwargs}
        except Resolver404:
            paths[asked] = None
    reversed_ = []
    set_urlconf(urls)
    for text, name in rng.choices(flat, k=6):
        captures = re.findall(r"<(\w+):(\w+)>", text)
        values = [rng.choice(SAMPLES[c]) for c, _ in captures]
        if any(not re.fullmatch(REGEX[c], v) for (c, _), v in zip(captures, values)) and rng.random() < 0.7:
            continue
        if name is None:
            continue
        row = {"name": name}
        if rng.random() < 0.5 and captures:
            row["kwargs"] = {k: v for (_, k), v in zip(captures, values)}
        else:
            row["args"] = values
        try:
            row["url"] = django.urls.reverse(name, args=row.get("args"), kwargs=row.get("kwargs"))
            single = [re.fullmatch(REGEX[c], v) for (c, _), v in zip(captures, values)]
            if not all(single):
                continue
        except NoReverseMatch:
            row["url"] = None
        reversed_.append(row)
    sets.append({"routes": made, "paths": paths, "reverse": reversed_})

target = pathlib.Path(__file__).with_name("url_resolver.json")
lines = ",\n".join(json.dumps(s, ensure_ascii=False, separators=(",", ":")) for s in sets)
target.write_text(f'{{"django": "{django.__version__}", "sets": [\n{lines}\n]}}\n')
matched = sum(1 for s in sets for found in s["paths"].values() if found)
made = sum(1 for s in sets for row in s["reverse"] if row["url"])
print(len(sets), "sets,", matched, "of", sum(len(s["paths"]) for s in sets), "paths match,", made, "of", sum(len(s["reverse"]) for s in sets), "reverse")
