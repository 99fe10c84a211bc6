"""The page that docs.rs and crates.io show of each package, and the programs in framework/examples/."""

import re
import tomllib

from documents import ROOT, tracked

PACKAGES = ("framework", "manage")
LINES = 100
# A store has more methods than the other examples have views.
STORE_LINES = 120


def metadata():
    """each package tells crates.io and docs.rs what it is, and docs.rs shows every feature"""
    for folder in PACKAGES:
        package = tomllib.loads((ROOT / folder / "Cargo.toml").read_text())["package"]
        for key in ("description", "repository", "readme", "keywords", "categories", "rust-version", "license"):
            if not package.get(key):
                yield f"{folder}/Cargo.toml: [package] has no `{key}`"
        if len(package.get("keywords", [])) > 5 or len(package.get("categories", [])) > 5:
            yield f"{folder}/Cargo.toml: crates.io takes at most five keywords and five categories"
        docs = package.get("metadata", {}).get("docs", {}).get("rs", {})
        if docs.get("all-features") is not True or "docsrs" not in docs.get("rustdoc-args", []):
            yield f"{folder}/Cargo.toml: [package.metadata.docs.rs] needs all-features and --cfg docsrs"
        front = (ROOT / folder / "src/lib.rs").read_text()
        if not re.search(r"#!\[cfg_attr\(docsrs, feature\(doc_cfg\)\)\]", front):
            yield f"{folder}/src/lib.rs: without feature(doc_cfg) docs.rs marks no feature"


def features():
    """the front page of `nuages` has a row for each feature"""
    listed = set(re.findall(r"^//! \| `(\w+)` \|", (ROOT / "framework/src/lib.rs").read_text(), flags=re.M))
    known = set(tomllib.loads((ROOT / "framework/Cargo.toml").read_text())["features"]) - {"default"}
    for name in sorted(known - listed):
        yield f"framework/src/lib.rs: no row for the feature `{name}`"
    for name in sorted(listed - known):
        yield f"framework/src/lib.rs: a row for `{name}`, which is no feature"


def examples():
    """every program in framework/examples/ is short, run by a test, and named in docs/"""
    tests = "".join(path.read_text() for path in tracked("framework/tests/*.rs"))
    book = "".join(path.read_text() for path in tracked("docs/*.md"))
    for path in tracked("framework/examples/*.rs"):
        lines, most = len(path.read_text().splitlines()), STORE_LINES if path.stem == "custom_store" else LINES
        place = path.relative_to(ROOT)
        if lines >= most:
            yield f"{place}: {lines} lines; an example has less than {most}"
        if f'"{path.stem}"' not in tests and f"examples/{path.name}" not in tests:
            yield f"{place}: no test in framework/tests/ runs it"
        if f"examples/{path.name}" not in book:
            yield f"{place}: docs/ does not name it"


CHECKS = [metadata, features, examples]
