"""Every public type and trait shows how it is used: an `# Examples` block in its documentation.

Those that have none yet are listed in without_examples.txt. The list only shrinks: a new type needs an
example, and a type that has got one leaves the list (`python3 tests/checks/run.py --shrink`).
"""

import re

from documents import ROOT, tracked
from rust import CRATES, blank_tests, without

LIST = ROOT / "tests/checks/without_examples.txt"
# Documentation and attributes, then the definition. `unreachable_pub` sees to it that `pub` is public.
ITEM = re.compile(
    r"^((?:(?:///[^\n]*|#\[[^\n]*(?:\n[^\n]*?)*?\])\n)*)pub (?:unsafe )?(?:struct|enum|union|trait) (\w+)", re.M
)


def types():
    """(name, whether it has an example) of each public type and trait."""
    for crate, folder in CRATES.items():
        for path in tracked(f"{folder.relative_to(ROOT)}/*.rs"):
            text = path.read_text()
            guide = without(text, "comment", "string", "char")
            text = blank_tests(text, guide) if len(guide) == len(text) else text
            for docs, name in ITEM.findall(text):
                yield f"{crate}::{name}", "# Examples" in docs


def listed() -> list[str]:
    return [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]


def shrink() -> None:
    """Removes from the list what has an example by now, or is gone. Adds nothing."""
    lacking = {name for name, example in types() if not example}
    lines = LIST.read_text().splitlines()
    LIST.write_text("".join(f"{line}\n" for line in lines if not line or line[0] == "#" or line in lacking))


def examples_of_types():
    """every public type and trait has an `# Examples` block, except those in without_examples.txt"""
    found = list(types())
    lacking, known = {name for name, example in found if not example}, set(listed())
    print(f"       ({len(found) - len(lacking)} of {len(found)} have one)")
    for name in sorted(lacking - known):
        yield f"{name}: has no `# Examples` block"
    for name in sorted(known - lacking):
        yield f"{name}: has an example or is gone; run `python3 tests/checks/run.py --shrink`"


CHECKS = [examples_of_types]
