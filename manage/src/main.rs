//! The installed `manage`: starts projects, and works on the one it stands in.

use std::process::ExitCode;

fn main() -> ExitCode {
    manage::Manage::installed().run()
}
