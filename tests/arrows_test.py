#!/usr/bin/env python3
"""Keeps the house in order: src/ against the floors of docs/architecture.md.

    tests/arrows_test.py [ROOT]      prints one line per fault, file:line first; exits 1 if there is any

A folder may include itself and every lower floor; another folder of its own floor only where ALLOWED
says so; a higher floor never. A unit test may also look across its own floor. Beyond the arrows: every
folder has a short README.md, every .cpp stands in its CMakeLists.txt, every header begins with
#pragma once, and the pure folders include nothing that does I/O.
"""

import re
import sys
from pathlib import Path

FLOORS = {
    "base": 0,
    "wire": 1, "meter": 1, "net": 1, "store": 1,
    "dialect": 2, "http": 2, "identity": 2, "admit": 2, "routing": 2, "provider": 2, "ledger": 2,
    "relay": 3, "admin": 3, "sim": 3,
    "app": 4,
}

# Arrows between neighbours of one floor: (from, to): why it has to be.
ALLOWED = {}

# Bytes in, decisions out: these are tested without sockets, and stay so.
PURE = {"wire", "meter", "dialect"}
IMPURE_HEADER = re.compile(r"sys/(socket|epoll|uio|mman|stat|types|time)\.h|netdb\.h|netinet/.*|arpa/.*|"
                           r"unistd\.h|fcntl\.h|fstream|filesystem|thread|mutex")
# One event loop is enough: net has its own (docs/decisions/0001-own-event-loop.md).
UNWANTED_HEADER = re.compile(r"boost/(asio|beast).*|curl/.*")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
README_LINES = range(3, 16)


def check_include(folder, is_test, quoted, angled):
    """The fault of one include line, or None."""
    if angled is not None:
        if UNWANTED_HEADER.fullmatch(angled):
            return f"<{angled}> is not used in this house"
        if folder in PURE and not is_test and IMPURE_HEADER.fullmatch(angled):
            return f"{folder} is pure and may not include <{angled}>"
        return None
    target, slash, _ = quoted.partition("/")
    if not slash:
        return f'"{quoted}": our own headers are written from src/ ("{folder}/{quoted}")'
    if target not in FLOORS:
        return f'"{quoted}": no folder {target} in the house'
    if target == folder or FLOORS[target] < FLOORS[folder]:
        return None
    if FLOORS[target] == FLOORS[folder] and (is_test or (folder, target) in ALLOWED):
        return None
    where = "beside" if FLOORS[target] == FLOORS[folder] else "above"
    return f'{folder} (floor {FLOORS[folder]}) may not include {target} (floor {FLOORS[target]}, {where} it)'


def check_source(path, folder, say):
    # testing.hpp holds what several tests of a folder share.
    is_test = path.stem.endswith("_test") or path.stem == "testing"
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".hpp" and (not lines or lines[0].strip() != "#pragma once"):
        say(path, 1, "a header begins with #pragma once")
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found:
            fault = check_include(folder, is_test, *found.groups())
            if fault:
                say(path, number, fault)


def check_folder(path, say):
    folder = path.name
    if folder not in FLOORS:
        say(path, 0, "a folder without a floor: give it one in FLOORS and in docs/architecture.md")
        return
    readme = path / "README.md"
    if not readme.is_file():
        say(readme, 0, "missing: five lines on what the folder is for, its main types, what it may include")
    elif len(readme.read_text(encoding="utf-8").splitlines()) not in README_LINES:
        say(readme, 0, "should be about five lines")
    cmake = path / "CMakeLists.txt"
    listed = set(re.split(r"[\s()]+", cmake.read_text(encoding="utf-8"))) if cmake.is_file() else set()
    for source in sorted(path.rglob("*")):
        if source.suffix not in (".cpp", ".hpp"):
            continue
        check_source(source, folder, say)
        name = source.relative_to(path).as_posix()
        if source.suffix == ".cpp" and name not in listed:
            say(source, 0, f"not listed in src/{folder}/CMakeLists.txt")


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    faults = []

    def say(path, line, text):
        faults.append(f"{path.relative_to(root)}:{line}: {text}")

    for folder in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        check_folder(folder, say)
    for (origin, target) in ALLOWED:
        if FLOORS[origin] != FLOORS[target]:
            say(Path(__file__), 0, f"ALLOWED {origin} -> {target}: not neighbours of one floor")
    print("\n".join(faults) if faults else "arrows: all point down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
