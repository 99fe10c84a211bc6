"""Each feature alone compiles, and all of it with the oldest Rust that `rust-version` allows.

Run by tests/run (the step `features`). A feature that needs another without naming it compiles in every
other step, where all features are on, and fails in the project that chooses it alone.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"nuages": "framework", "nuages-manage": "manage"}


def toolchain() -> list[str]:
    """`cargo`, or `cargo +1.95` where the Rust in use is newer than the oldest that is supported."""
    oldest = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"]
    version = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout
    return ["cargo"] if re.match(rf"rustc {re.escape(oldest)}\.", version) else ["cargo", f"+{oldest}"]


def main() -> int:
    cargo, failed, passed = toolchain(), 0, 0
    environment = {**os.environ, "RUSTFLAGS": "-D warnings"} if len(cargo) > 1 else dict(os.environ)
    for package, folder in PACKAGES.items():
        features = tomllib.loads((ROOT / folder / "Cargo.toml").read_text())["features"]
        for feature in ["", *(name for name in features if name != "default")]:
            command = [*cargo, "check", "--locked", "--package", package, "--no-default-features"]
            command += ["--features", feature] if feature else []
            print(f"{package} with {feature or 'no feature'}", flush=True)
            output = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            clean = output.returncode == 0 and not re.search(r"^warning: (?!unused manifest)", output.stderr, flags=re.M)
            if not clean:
                print(output.stderr, flush=True)
            passed, failed = passed + clean, failed + (not clean)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
