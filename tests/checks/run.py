"""The house rules that neither rustc nor clippy checks: documents, dependencies, structure.

Run by tests/run (the step `house`); `python3 tests/checks/run.py` alone does the same. It reads the
checkout and `cargo metadata`, changes nothing, and ends with `N passed, N failed`.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import dependencies  # noqa: E402
import documents  # noqa: E402
import structure  # noqa: E402


def main() -> int:
    passed = failed = 0
    for check in documents.CHECKS + dependencies.CHECKS + structure.CHECKS:
        try:
            complaints = list(check())
        except (OSError, subprocess.CalledProcessError) as error:
            complaints = [f"{error} {getattr(error, 'stderr', '')}"]
        title = check.__doc__.strip().splitlines()[0]
        print(f"{'FAIL' if complaints else 'ok':4} {title}")
        for complaint in complaints:
            print(f"       {complaint}")
        passed, failed = passed + (not complaints), failed + bool(complaints)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
