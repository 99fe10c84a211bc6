//! The installed `manage`: starts projects, and works on the project of the current folder.

use std::process::ExitCode;

fn main() -> ExitCode {
    manage::Manage::installed().run()
}
