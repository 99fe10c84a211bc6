//! Commands of a project's own, run in this process.

use std::{
    thread,
    time::{Duration, Instant},
};

use manage::{BoxFuture, Command, CommandError, Manage, Project, clap};

/// Leaves a thread blocked, as a view does that sleeps.
struct Block;

impl Command for Block {
    fn define(&self) -> clap::Command {
        clap::Command::new("block")
    }

    fn run<'a>(
        &'a self,
        _project: &'a Project,
        _args: &'a clap::ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async {
            tokio::task::spawn_blocking(|| thread::sleep(Duration::from_secs(30)));
            tokio::spawn(async { thread::sleep(Duration::from_secs(30)) });
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(())
        })
    }
}

#[test]
fn a_blocked_thread_does_not_hold_the_end() {
    let begun = Instant::now();
    let manage = Manage::new(nuages::App::new).command(Block);
    let code = manage.run_from(["manage", "block"].map(Into::into));
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn help_is_styled_on_a_terminal_only() {
    let help = |variable: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_manage"));
        let output = command.args(["help", "check"]).env(variable, "1").output().expect("it runs");
        String::from_utf8(output.stdout).expect("UTF-8").contains('\u{1b}')
    };
    assert!(!help("UNRELATED") && !help("NO_COLOR") && help("FORCE_COLOR"));
}
