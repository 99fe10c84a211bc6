//! A process with all its children: they are in a process group of their own, and end together.

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// A process group that is killed when this is dropped.
#[derive(Debug)]
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// Starts a command as the leader of a new group.
    ///
    /// # Errors
    ///
    /// Where the program cannot be run.
    pub(super) fn spawn(command: &mut Command) -> std::io::Result<(Child, Self)> {
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok((child, Self(id)))
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // An error means that none of its processes is left.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}
