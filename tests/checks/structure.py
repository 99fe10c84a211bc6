"""The structure of the house: imports point down, files stay small and say what they are."""

import re

from documents import ROOT, tracked
from rust import CRATES, code as rust_code

# The rooms of `framework/src` and the floor each is on; a room may import from floors below its own, and
# from its own floor where that makes no circle. The parts of `contrib` are rooms of their own.
FLOORS = {
    "server": 11, "testing": 10, "app": 9, "contrib": 9, "tower": 9, "middleware": 8, "urls": 8,
    "error_page": 7, "view": 7, "http": 6, "sessions": 5, "templates": 5, "cache": 4, "migrations": 4, "db": 3,
    "crypto": 2, "settings": 2, "signing": 2, "clock": 1, "error": 1, "future": 1, "json": 1, "log_once": 1, "one_line": 1,
}
WALL = 400


def code(text: str) -> str:
    """The file without its comments and its own tests (`#[cfg(test)]` stands at the end)."""
    text = re.split(r"^\s*#\[cfg\(test\)\]\s*\n\s*mod ", text, maxsplit=1, flags=re.M)[0]
    return re.sub(r"//[^\n]*", "", text)


def imported(text: str) -> set[str]:
    """The first names after `crate::`, also in `crate::{a::b, c::{d, e}}`."""
    names = set()
    for match in re.finditer(r"\bcrate::\s*(\{|\w+)", text):
        if match[1] != "{":
            names.add(match[1])
            continue
        depth, start, place = 1, True, match.end()
        while depth and place < len(text):
            mark = text[place]
            word = re.match(r"\w+", text[place:])
            if word and start:
                names.add(word[0])
                start = False
            depth += (mark == "{") - (mark == "}")
            start = start or (mark == "," and depth == 1)
            place += len(word[0]) if word else 1
    return names


def reexports() -> dict[str, str]:
    """The names that `lib.rs` re-exports, and the room each comes from."""
    rooms = {}
    for room, names in re.findall(
        r"pub use (?:crate::|self::)?(\w+)::([^;]+);", code((ROOT / "framework/src/lib.rs").read_text())
    ):
        for name in re.findall(r"\w+", names):
            rooms[name] = room
    return rooms


def floor(room: str) -> int:
    return FLOORS[room.split("::")[0]]


def floors():
    """imports in the framework point to lower floors only"""
    exported, uses = reexports(), {}
    for path in tracked("framework/src/*.rs"):
        parts = path.relative_to(ROOT / "framework/src").parts
        room = parts[0].removesuffix(".rs")
        if room in ("lib", "prelude"):
            continue
        if room not in FLOORS:
            yield f"{path.relative_to(ROOT)}: room {room} has no floor (tests/checks/structure.py)"
            continue
        text = code(path.read_text())
        names = {name if name in FLOORS else exported.get(name) for name in imported(text)} & set(FLOORS)
        if room == "contrib":
            room = f"contrib::{parts[1].removesuffix('.rs')}"
        if "contrib" in names:
            parts = " ".join(re.findall(r"\bcontrib::(\w+|\{[^}]*\})", text))
            names = names - {"contrib"} | {f"contrib::{part}" for part in re.findall(r"\b[a-z]\w*", parts)}
        for to in names - {room}:
            uses.setdefault((room, to), path)
    for (room, to), path in sorted(uses.items()):
        if floor(to) > floor(room):
            yield f"{path.relative_to(ROOT)}: {room} (floor {floor(room)}) uses {to} (floor {floor(to)})"
        elif floor(to) == floor(room) and (to, room) in uses and room < to:
            yield f"{path.relative_to(ROOT)}: {room} and {to} use each other"


def sizes():
    """no source file is over 400 lines"""
    for path in tracked("*.rs", "*.py", "tests/run", "*.sh"):
        lines = path.read_text().count("\n")
        if lines > WALL and "vectors" not in path.parts:
            yield f"{path.relative_to(ROOT)}: {lines} lines"


DEFINITION = re.compile(r"^pub(?:\([^)]*\))? (?:unsafe )?(?:struct|enum|union|trait|type) (\w+)", re.M)


def same_names():
    """no two public or crate-wide types share a name"""
    places = {}
    for folder in CRATES.values():
        for path in tracked(f"{folder.relative_to(ROOT)}/*.rs"):
            if "tests" not in path.parts:
                for name in DEFINITION.findall(rust_code(path)):
                    places.setdefault(name, []).append(str(path.relative_to(ROOT)))
    for name, paths in sorted(places.items()):
        if len(paths) > 1:
            yield f"{name}: {', '.join(paths)}"


def headers():
    """every Rust file says at its top what lives in it"""
    for path in tracked("framework/*.rs", "manage/*.rs", "tests/*.rs"):
        if not path.read_text().startswith("//!"):
            yield str(path.relative_to(ROOT))


def unfinished():
    """nothing is left for later: no TODO, no FIXME, no unimplemented!"""
    for path in tracked("framework/*.rs", "manage/*.rs", "tests/*.rs", "project_template/*"):
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX)\b|\b(todo|unimplemented)!", line):
                yield f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


CHECKS = [floors, same_names, sizes, headers, unfinished]
