"""The crates that a project is built from: how many they are, and whether each of ours is used.

Licences, duplicates and origins are cargo-deny's part (deny.toml).
"""

import functools
import json
import re
import subprocess

from documents import ROOT

# What a scaffolded project may be made of (`cargo tree` of it, itself not counted).
MOST_CRATES = 170
OURS = {"nuages", "nuages-manage", "nuages-tests", "nuages-fuzz", "nuages-instructions", "axum-sessions"}


@functools.cache
def metadata(*features: str) -> dict:
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    command += ["--filter-platform", "x86_64-unknown-linux-gnu", *features]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def reachable(meta: dict, roots: set[str], kinds: set[str | None]) -> list[dict]:
    """The packages that `roots` are built from; `kinds`: None (normal), "build", "dev"."""
    packages = {package["id"]: package for package in meta["packages"]}
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    seen = {key for key, package in packages.items() if package["name"] in roots}
    queue = list(seen)
    while queue:
        for dep in nodes[queue.pop()]["deps"]:
            if dep["pkg"] not in seen and any(kind["kind"] in kinds for kind in dep["dep_kinds"]):
                seen.add(dep["pkg"])
                queue.append(dep["pkg"])
    return [packages[key] for key in seen]


def number():
    """a scaffolded project is made of fewer than 170 crates"""
    crates = reachable(metadata(), {"nuages-manage"}, {None, "build"})
    if len(crates) >= MOST_CRATES:
        yield f"{len(crates)} crates"


def used():
    """every dependency of ours is used"""
    for package in metadata()["packages"]:
        if package["name"] not in OURS:
            continue
        folder = ROOT / package["manifest_path"].rsplit("/", 1)[0]
        source = "\n".join(path.read_text() for path in sorted(folder.rglob("*.rs")) if "target" not in path.parts)
        for dependency in package["dependencies"]:
            crate = (dependency["rename"] or dependency["name"]).replace("-", "_")
            crate = {"nuages_manage": "manage", "tz_rs": "tz"}.get(crate, crate)
            if not re.search(rf"\b{crate}\s*(::|;|\bas\b)", source):
                yield f"{package['name']}: {dependency['name']}"


CHECKS = [number, used]
