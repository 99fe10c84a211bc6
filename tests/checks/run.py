"""The rules that neither rustc nor clippy checks: documents, packages, structure, examples, prose.

Run by tests/run (the step `house`); `python3 tests/checks/run.py` alone does the same. It reads the
checkout and `cargo metadata`, changes nothing, and ends with `N passed, N failed`. With `--shrink` it first
removes from without_examples.txt the types that have an example by now.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import circles  # noqa: E402
import dependencies  # noqa: E402
import documents  # noqa: E402
import packages  # noqa: E402
import prose  # noqa: E402
import public  # noqa: E402
import structure  # noqa: E402

MODULES = (documents, dependencies, packages, structure, circles, public, prose)


def main() -> int:
    if sys.argv[1:] == ["--shrink"]:
        public.shrink()
    passed = failed = 0
    for check in [check for module in MODULES for check in module.CHECKS]:
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
