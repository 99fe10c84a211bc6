"""The table of session engines and suite checks: `matrix.py JUNIT.XML`, after the integration tests.

Each engine has a test that runs `nuages::testing::session_store_suite` and prints its rows; nextest keeps
what they print in its JUnit file.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

ROW = re.compile(r"^(\S+) +(.{66}) (ok|-|FAILED)", re.M)


def main() -> None:
    columns: dict[str, dict[str, str]] = {}
    for case in ElementTree.parse(sys.argv[1]).iter("testcase"):
        test = case.get("name").rsplit("::", 1)[-1]
        if "passes_the_suite" in test:
            engine = re.sub(r"^the_|_engine(?=_)|_passes_the_suite", "", test).replace("_", " ")
            rows = ROW.findall(case.findtext("system-out") or "")
            columns[engine] = {name.strip().replace("_", " "): outcome for _, name, outcome in rows}
    checks = list(dict.fromkeys(check for column in columns.values() for check in column))
    if not columns:
        return
    print("\nThe session engines and the suite:")
    for number, engine in enumerate(columns, 1):
        print(f"[{number}] {engine}")
    print(f"{'':68}" + "".join(f"{f'[{number}]':>8}" for number in range(1, len(columns) + 1)))
    for check in checks:
        print(f"{check:68}" + "".join(f"{column.get(check, ''):>8}" for column in columns.values()))


if __name__ == "__main__":
    main()
