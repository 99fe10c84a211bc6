//! Commands of a project's own program whose output cannot be written.
#![cfg(target_os = "linux")]

use std::fs::File;

use crate::support::program::Program;

#[test]
fn check_reports_it() {
    let program = Program::new("DEBUG = true");
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let output = program.command(&["check"]).stdout(full).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "error: the output cannot be written: No space left on device (os error 28)\n");
}
