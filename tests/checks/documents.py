"""The documents: links that resolve, examples that are compiled."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns: str) -> list[Path]:
    """The files that git knows or would add, so that build output is never read."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^(```+|~~~+).*?^\1\s*$", "", text, flags=re.S | re.M))


def slug(heading: str) -> str:
    """The anchor that a heading gets: lower case, punctuation gone, a hyphen for each space."""
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = re.sub(r"^(```+|~~~+).*?^\1\s*$", "", page.read_text(), flags=re.S | re.M)
    return {slug(heading) for heading in re.findall(r"^#{1,6} +(.+?)#*$", text, flags=re.M)}


def links():
    """every relative link in a document leads to a file, and its anchor to a heading"""
    pages = [page for page in tracked("*.md") if "project_template" not in page.parts]
    for page in pages:
        for target in re.findall(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)", without_code(page.read_text())):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            to = (page.parent / name).resolve() if name else page
            if not to.exists():
                yield f"{page.relative_to(ROOT)}: {target}: no such file"
            elif anchor and to.suffix == ".md" and anchor not in anchors(to):
                yield f"{page.relative_to(ROOT)}: {target}: no such heading"


def examples():
    """every document with Rust in it is compiled by the doc tests (tests/src/lib.rs, docs/examples)"""
    compiled = set()
    for path in tracked("tests/src/lib.rs", "docs/examples/*/src/lib.rs"):
        pages = re.findall(r'#\[doc = include_str!\("([^"]+)"\)\]', path.read_text())
        compiled |= {(path.parent / page).resolve() for page in pages}
    for page in [ROOT / "README.md", *tracked("docs/*.md")]:
        if re.search(r"^```rust", page.read_text(), flags=re.M) and page not in compiled:
            yield f"{page.relative_to(ROOT)}: in no lib.rs of those"


def listed():
    """docs/README.md lists every document"""
    index = (ROOT / "docs/README.md").read_text()
    for page in tracked("docs/*.md"):
        if page.name != "README.md" and f"({page.relative_to(ROOT / 'docs')})" not in index:
            yield f"{page.relative_to(ROOT)}: not listed"


CHECKS = [links, examples, listed]
