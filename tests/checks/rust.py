"""Reads Rust source well enough for the checks: no comments, no strings, no tests; modules and `use` trees.

This is no parser. It relies on rustfmt's layout and on the crate's habits: no macros that define modules,
one `impl` header per line, tests behind `#[cfg(test)]`.
"""

import functools
import re
from pathlib import Path

from documents import ROOT, tracked

# The folders of the crates whose source is checked.
CRATES = {"nuages": ROOT / "framework/src", "manage": ROOT / "manage/src"}

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>b?r(?P<hash>\#*)".*?"(?P=hash)|b?"(?:\\.|[^"\\])*")"""
    r"""|(?P<char>b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^'\\])')""",
    re.S | re.X,
)


def without(text: str, *kinds: str) -> str:
    """The text with these kinds of tokens blanked; line breaks stay, so that line numbers do too."""

    def blank(match: re.Match) -> str:
        if match.lastgroup not in kinds and not (match["string"] is not None and "string" in kinds):
            return match[0]
        blanked = re.sub(r"[^\n]", " ", match[0])
        return f'"{blanked[1:-1]}"' if match["string"] is not None else blanked

    return TOKEN.sub(blank, text)


def end_of_item(text: str, start: int) -> int:
    """The place after the item at `start`: after its block, or its semicolon."""
    depth = 0
    for place in range(start, len(text)):
        if text[place] in "{([":
            depth += 1
        elif text[place] in "})]":
            depth -= 1
            if depth == 0 and text[place] == "}":
                return place + 1
            if depth < 0:
                return place
        elif text[place] in ";," and depth == 0:
            return place + 1
    return len(text)


def blank_tests(text: str, guide: str | None = None) -> str:
    """The text without what stands behind `#[cfg(test)]`; `guide` is the same text without strings."""
    guide = guide if guide is not None else without(text, "comment", "string", "char")
    for match in reversed(list(re.finditer(r"#\[cfg\((?:all\()?test\b[^\]]*\]", guide))):
        end = end_of_item(guide, match.end())
        if len(guide) == len(text):
            hole = re.sub(r"[^\n]", " ", text[match.start():end])
            text, guide = text[:match.start()] + hole + text[end:], guide[:match.start()] + hole + guide[end:]
    return text


@functools.cache
def code(path: Path) -> str:
    """The file without comments, strings and tests."""
    return blank_tests(without(path.read_text(), "comment", "string", "char"))


def module_path(crate: Path, path: Path) -> tuple[str, ...]:
    parts = path.relative_to(crate).with_suffix("").parts
    return parts[:-1] if parts[-1] in ("mod", "lib", "main") else parts


def use_tree(text: str, prefix: tuple[str, ...] = ()):
    """The leaves of a `use` tree: (path, name), the name `*` for a glob."""
    text = text.strip()
    depth, parts, start = 0, [], 0
    for place, mark in enumerate(text + ","):
        depth += (mark == "{") - (mark == "}")
        if mark == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    for part in filter(None, parts):
        head, brace, rest = part.partition("{")
        if brace:
            names = tuple(name for name in head.strip().split("::") if name)
            yield from use_tree(rest[: rest.rindex("}")], prefix + names)
            continue
        path, _, alias = part.partition(" as ")
        names = prefix + tuple(name.strip() for name in path.strip().split("::") if name.strip())
        if names[-1] == "self":
            names = names[:-1]
        yield names, (alias.strip() or names[-1])


USE = re.compile(r"^[ \t]*(pub(?:\([^)]*\))?\s+)?use\s+(?:::)?([^;]+);", re.M)


class Module:
    """One source file."""

    def __init__(self, crate: Path, path: Path):
        self.file, self.path, self.text = path, module_path(crate, path), code(path)
        self.uses: dict[str, tuple[tuple[str, ...], bool]] = {}
        self.globs: list[tuple[tuple[str, ...], bool]] = []
        for public, tree in USE.findall(self.text):
            for names, name in use_tree(tree):
                if name == "*":
                    self.globs.append((names[:-1], bool(public)))
                elif name != "_":
                    self.uses[name] = (names, bool(public))
        self.body = USE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), self.text)

    def __str__(self) -> str:
        return str(self.file.relative_to(ROOT))


class Crate:
    """The files of one crate, tests not counted."""

    def __init__(self, folder: Path):
        self.modules: dict[tuple[str, ...], Module] = {}
        testing = set()
        for path in tracked(f"{folder.relative_to(ROOT)}/*.rs"):
            module = Module(folder, path)
            raw = without(path.read_text(), "comment", "string", "char")
            testing |= {(*module.path, name) for name in re.findall(r"#\[cfg\(test\)\]\s*mod (\w+);", raw)}
            if module.path not in self.modules or path.name == "lib.rs":
                self.modules[module.path] = module
        for path in list(self.modules):
            if any(path[: len(test)] == test for test in testing):
                del self.modules[path]

    def resolve(self, at: tuple[str, ...], names: tuple[str, ...], depth: int = 0) -> Module | None:
        """The file that defines what `names` means in the module `at`; none for other crates' names."""
        if depth > 16 or not names:
            return self.modules.get(at)
        place, rest = at, names
        if names[0] == "crate":
            place, rest = (), names[1:]
        elif names[0] in ("self", "super"):
            rest = names[1:] if names[0] == "self" else names
            while rest and rest[0] == "super":
                place, rest = place[:-1], rest[1:]
        elif (*at, names[0]) not in self.modules:
            module = self.modules.get(at)
            used = module.uses.get(names[0]) if module else None
            return self.resolve(at, used[0] + names[1:], depth + 1) if used and used[0] != names else None
        while rest and (*place, rest[0]) in self.modules:
            place, rest = (*place, rest[0]), rest[1:]
        module = self.modules.get(place)
        if not rest or module is None:
            return module
        if rest[0] in module.uses and module.uses[rest[0]][0] != rest:
            found = self.resolve(place, module.uses[rest[0]][0] + rest[1:], depth + 1)
            return found
        if not re.search(rf"\b(?:struct|enum|trait|type|fn|const|static|mod|union)\s+{rest[0]}\b", module.text):
            for glob, _ in module.globs:
                found = self.resolve(place, glob + rest, depth + 1)
                if found and found is not module and re.search(rf"\b{rest[0]}\b", found.text):
                    return found
        return module
