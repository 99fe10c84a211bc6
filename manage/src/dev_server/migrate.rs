//! Runs `migrate` for the button of a page.

use std::process::Stdio;

use tokio::{io::AsyncReadExt as _, process::Command};

use super::group::ProcessGroup;

/// Runs the command. The error is what it printed.
pub(super) async fn migrate(mut command: Command) -> Result<(), String> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (mut child, _group) =
        ProcessGroup::spawn(&mut command).map_err(|error| format!("the program cannot be run: {error}"))?;
    let (Some(mut stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("the program has no output".to_owned());
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    // What cannot be read is missing from the page; the exit status counts.
    let _ = tokio::join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err));
    match child.wait().await {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("{}{}", String::from_utf8_lossy(&out), String::from_utf8_lossy(&err))),
        Err(error) => Err(error.to_string()),
    }
}
