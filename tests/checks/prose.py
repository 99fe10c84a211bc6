"""Phrases that a reader stumbles over, in comments, documentation, error messages and the project template.

Each has its reason, which says what to write instead. Code spans, code blocks and tests are not read.
"""

import re

from documents import ROOT, tracked
from rust import CRATES, TOKEN, blank_tests, without

# (phrase, what to write instead). Upper and lower case are the same.
BANNED = [
    (r"\b(?:is|are) to be\b", "say `will be`, `must be`, or use the verb"),
    (r"\btold\b(?! apart)", "name who reports what: `says`, `reports`, `receives`"),
    (r"\bso long(?!er)\b(?! as)", "name the duration"),
    (r"\bmeanwhile\b", "say `while …` or `in between`"),
    (r"\bpassed over\b", "say `skipped`"),
    (r"\bmade sure of\b", "say `checked` or `verified`"),
    (r"\bin doubt\b", "say what happens in which case"),
    (r"\bover at once\b", "say `expires immediately`"),
    (r"\bof one's own\b", "say `custom`"),
    (r"\bwhoever\b", "name the subject: the caller, the client, the user"),
    (r"\bsuch a one\b", "name the thing"),
    (r"\bnobody listens\b", "say that the port is closed"),
    (r"\bas (?:it is|they are)(?=[.,;:)]|$)", "filler: say `unchanged`, or leave it out"),
    (r"\bturned away\b", "say `rejected`"),
    (r"\b(?:first words|last moments?|last call)\b", "name the thing: the header, the deadline"),
    (r"\bat heart\b|\bthe heart of\b", "a picture: name the thing"),
    (r"\bonion\b", "say `middleware chain`"),
]
# Words of design talks. `Room for` and rounding down are plain English.
DESIGN = re.compile(r"\bthe house\b|\b(?:rooms?(?! for\b)|floors?|onion|wings?)\b", re.I)
# The subject is a noun that the reader knows.
RIDDLE = re.compile(r"^(?:What|Who|Whoever|Whose|Such a|So many|So long)\b(?![^.]*\?)")


def prose_of_markdown(text: str):
    """(line number, line) without code."""
    text = re.sub(r"^(```+|~~~+).*?^\1\s*$", lambda match: "\n" * match[0].count("\n"), text, flags=re.S | re.M)
    for number, line in enumerate(re.sub(r"`[^`\n]*`|\]\([^)]*\)", "", text).splitlines(), 1):
        yield number, line


def prose_of_rust(text: str):
    """(line number, kind, line): kind is `///`, `//` or `"`."""
    guide = without(text, "comment", "string", "char")
    if len(guide) == len(text):
        text = blank_tests(text, guide)
    fenced = False
    for match in TOKEN.finditer(text):
        number = text.count("\n", 0, match.start()) + 1
        if match["comment"]:
            mark = re.match(r"//[/!]?|/\*", match[0])[0]
            line = match[0][len(mark):].strip()
            if line.startswith("```"):
                fenced = not fenced and len(mark) == 3
            elif not fenced:
                yield number, "///" if len(mark) == 3 else "//", re.sub(r"`[^`]*`", "", line)
        elif match["string"]:
            yield number, '"', match[0]


def pages():
    return [ROOT / "README.md", *tracked("*.md", "docs/*.md"), *tracked("project_template/*.tmpl")]


def sources():
    return [
        *(path for folder in CRATES.values() for path in tracked(f"{folder.relative_to(ROOT)}/*.rs")),
        *tracked("framework/examples/*.rs", "project_template/*.rs"),
    ]


def passages():
    """(place, kind, text) of every line of prose."""
    for page in dict.fromkeys(pages()):
        if page.name != "CHANGELOG.md":
            for number, line in prose_of_markdown(page.read_text()):
                yield f"{page.relative_to(ROOT)}:{number}", "docs", line
    for path in sources():
        if "tests" not in path.parts and path.name != "tests.rs":
            for number, kind, line in prose_of_rust(path.read_text()):
                yield f"{path.relative_to(ROOT)}:{number}", kind, line


def plain():
    """comments, documents and messages say it plainly (the phrases and reasons are in prose.py)"""
    for place, _, line in passages():
        for phrase, reason in BANNED:
            found = re.search(phrase, line, re.I)
            if found:
                yield f"{place}: `{found[0]}`: {reason}"


def subjects():
    """documentation begins with a verb or a noun, not with a riddle"""
    before = ""
    for place, kind, line in passages():
        path = place.rsplit(":", 1)[0]
        first = not before.startswith(f"{path} {kind}") or before.endswith(kind)
        if kind == "///" and first and RIDDLE.search(line):
            yield f"{place}: `{RIDDLE.search(line)[0]} …`: name the thing"
        before = f"{path} {kind} {line}" if line else f"{path} {kind}"


def design():
    """the words of our design talks (the house, its rooms and floors, the onion) are in no documentation"""
    for place, kind, line in passages():
        found = DESIGN.search(line)
        if found and kind in ("docs", "///"):
            yield f"{place}: `{found[0]}`"


CHECKS = [plain, subjects, design]
