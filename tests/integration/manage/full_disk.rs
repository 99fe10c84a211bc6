//! Commands of a project's own program whose output cannot be written.
#![cfg(target_os = "linux")]

use std::fs::File;

use crate::support::program::Program;

#[test]
fn every_report_says_so() {
    let program = Program::new("DEBUG = true");
    let commands: [&[&str]; 4] =
        [&["check"], &["check", "--deploy", "--json"], &["routes"], &["diffsettings"]];
    for command in commands {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = program.command(command).stdout(full).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let line = "error: the output cannot be written: No space left on device (os error 28)\n";
        assert!(stderr.ends_with(line), "{command:?}: {stderr}");
    }
}
