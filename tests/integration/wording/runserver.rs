//! Errors of `runserver` before it serves: addresses that cannot be listened on, and settings for production.

use crate::support::program::Program;

use super::assert_wording;

#[test]
fn addresses_and_hosts() {
    let program = Program::new("DEBUG = true");
    let mut text = String::new();
    for args in [
        &["runserver", "eighty"][..],
        &["runserver", "80800"],
        &["runserver", "::1"],
        &["runserver", "127.0.0.1"],
        &["runserver", "192.0.2.1:8000"],
        &["check"],
    ] {
        let output = program.command(args).output().expect("it runs");
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
        let code = output.status.code().expect("an exit code");
        text += &format!("$ {}\n{}exit code {code}\n\n", args.join(" "), said.concat());
    }
    assert_wording("runserver", &text);
}
