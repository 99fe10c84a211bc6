"""No two files need each other: circles of imports, also those that inherent impls hide.

A file needs another if it imports a name that is defined there (re-exports are followed to the file that
defines the name), or calls a method that the other adds to a type with `impl Type` outside of the type's
own file. The types of receivers are not known here, so a method call counts if its name tells: no other
`fn` of the crate and no method of std has it. Other names count as `Type::name(…)`, and as `self.name(…)`
inside an impl of the type.
"""

import functools
import re

from rust import CRATES, Crate, Module

PATH = re.compile(r"(?<![\w:.])((?:crate|self|super|[a-z_]\w*)(?:::\w+)+)")
IMPL = re.compile(r"^[ \t]*(?:unsafe )?impl\b([^{;]*)\{", re.M)
# Methods of std types, which are called on other receivers than ours.
STD = set(
    "abs all and_then any append as_bytes as_mut as_ref as_str bytes chars clear clone close cmp collect contains "
    "contains_key count default drain elapsed entry eq err expect extend filter find finish first flush fmt fold "
    "for_each from get get_mut hash insert into into_inner into_iter is_empty is_none is_some iter join keys last "
    "len lines lock map max min new next ok open or_else parse peek poll pop position push push_str read remove "
    "replace retain rev send set skip sort split start starts_with status swap take then then_some trim unwrap_or "
    "update values with write zip date time body headers method path query uri version extensions extensions_mut scheme host port".split()
)


def block(text: str, start: int) -> str:
    """The text from the brace before `start` to its end."""
    depth = 1
    for place in range(start, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return text[start:place]
    return text[start:]


def inherent_impls(module: Module):
    """(type path, methods, block) of each `impl Type { … }` of the file."""
    for match in IMPL.finditer(module.body):
        head = re.split(r"\bwhere\b", match[1])[0].strip()
        while head.startswith("<"):
            depth, end = 0, 0
            for end, mark in enumerate(head):
                depth += (mark == "<") - (mark == ">" and head[end - 1] != "-")
                if depth == 0:
                    break
            head = head[end + 1:].strip()
        if re.search(r"\bfor\b", head):
            continue
        name = re.match(r"[\w:]+", head)
        if name:
            inside = block(module.body, match.end())
            yield tuple(name[0].split("::")), re.findall(r"\bfn\s+(\w+)", inside), inside


@functools.cache
def needs(folder) -> tuple[dict[Module, dict[Module, str]], Crate]:
    """For each file the files it needs, and why."""
    crate = Crate(folder)
    edges: dict[Module, dict[Module, str]] = {module: {} for module in crate.modules.values()}

    def need(module: Module, other: Module | None, why: str) -> None:
        if other and other is not module:
            edges[module].setdefault(other, why)

    for module in crate.modules.values():
        for name, (names, public) in module.uses.items():
            # A re-export alone is no need: the file that imports the name needs the one that defines it.
            body = re.sub(rf"^ +{name}\b *[({{,]|\bmod {name};|::{name}\b", "", module.body, flags=re.M)  # variants, `mod`
            if not public or re.search(rf"\b{name}\b", body):
                need(module, crate.resolve(module.path, names), f"imports {name}")
        for names, public in module.globs:
            if not public:
                need(module, crate.resolve(module.path, names), f"imports {'::'.join(names)}::*")
        for path in set(PATH.findall(module.body)):
            names = tuple(path.split("::"))
            known = names[0] in ("crate", "self", "super") or (*module.path, names[0]) in crate.modules
            if known:
                need(module, crate.resolve(module.path, names), f"uses {path}")

    definitions: dict[str, set[Module]] = {}
    for module in crate.modules.values():
        for name in re.findall(r"\bfn\s+(\w+)", module.body):
            definitions.setdefault(name, set()).add(module)
    impls = {module: list(inherent_impls(module)) for module in crate.modules.values()}
    for module, blocks in impls.items():
        for names, methods, _ in blocks:
            home = crate.resolve(module.path, names)
            local = re.search(rf"\b(?:struct|enum|union)\s+{names[-1]}\b", module.body)
            if home is None or home is module or local:
                continue
            name = names[-1]
            for other in crate.modules.values():
                same = [inside for path, _, inside in impls[other] if path[-1] == name]
                for method in methods:
                    tells = len(definitions[method]) == 1 and method not in STD
                    if (
                        re.search(rf"\b{name}::{method}\b", other.body)
                        or tells and re.search(rf"\.{method}\s*(?:::<[^()]*>)?\(", other.body)
                        or any(re.search(rf"\b(?:self\s*\.\s*|Self::){method}\(", inside) for inside in same)
                        and not any(method in known for path, known, _ in impls[other] if path[-1] == name)
                    ):
                        need(other, module, f"calls {name}::{method}")
    return edges, crate


def knots(edges: dict[Module, dict[Module, str]]) -> list[set[Module]]:
    """The sets of files that all need each other (Tarjan's strongly connected components)."""
    index: dict[Module, int] = {}
    low: dict[Module, int] = {}
    stack: list[Module] = []
    found = []

    def visit(module: Module) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in edges[module]:
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            knot = set(stack[stack.index(module):])
            del stack[stack.index(module):]
            if len(knot) > 1:
                found.append(knot)

    for module in edges:
        if module not in index:
            visit(module)
    return found


def shortest(edges, knot: set[Module], start: Module) -> list[Module]:
    """The shortest circle through `start`."""
    before: dict[Module, Module] = {}
    queue = [start]
    for module in queue:
        for other in edges[module]:
            if other is start:
                way = [module]
                while way[-1] is not start:
                    way.append(before[way[-1]])
                return way[::-1]
            if other in knot and other not in before:
                before[other] = module
                queue.append(other)
    return []


def circles():
    """no two files need each other, neither through imports nor through inherent impls"""
    for folder in CRATES.values():
        edges, _ = needs(folder)
        for knot in knots(edges):
            shown: set[Module] = set()
            for start in sorted(knot, key=str):
                if start in shown:
                    continue
                way = shortest(edges, knot, start)
                shown |= set(way)
                steps = [f"{module} ({edges[module][other]})" for module, other in zip(way, way[1:] + way[:1])]
                yield " -> ".join([*steps, str(way[0])])


CHECKS = [circles]
