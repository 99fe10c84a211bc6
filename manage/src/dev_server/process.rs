//! The project's program as a process: starts it, reads what it says, and stops it.

use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{ChildStderr, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use super::{group::ProcessGroup, protocol};

/// How much of the program's stderr is kept for a page.
const TAIL_BYTES: usize = 32 << 10;
/// How long to read stderr after the program has ended: its children may hold it open.
const READ_ON: Duration = Duration::from_millis(200);

/// How to call the program.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The options before the command: `--settings FILE`, `-v LEVEL`, `--no-color`.
    pub(super) options: Vec<std::ffi::OsString>,
    /// Whether the program may use colours although its stderr is a pipe.
    pub(super) colors: bool,
}

impl Call {
    /// Returns the command that runs the program with these words.
    pub(super) fn command(&self, program: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(&self.options).args(words).stdin(Stdio::null()).stderr(Stdio::piped());
        if self.colors {
            command.env("FORCE_COLOR", "1");
        }
        command
    }
}

/// A running program. Dropping it kills the program and its children.
#[derive(Debug)]
pub(super) struct Process {
    /// `Some` once it has ended, with its exit status.
    ended: watch::Receiver<Option<String>>,
    tail: Tail,
    task: JoinHandle<()>,
}

/// The end of what a program wrote on stderr.
#[derive(Clone, Debug, Default)]
struct Tail(Arc<Mutex<Vec<u8>>>);

impl Process {
    /// Starts the program.
    ///
    /// # Errors
    ///
    /// Where it cannot be run.
    pub(super) fn start(
        call: &Call,
        program: &Path,
        invitation: &protocol::Invitation,
    ) -> std::io::Result<Self> {
        let mut command = call.command(program, &["runserver"]);
        command.env(protocol::VARIABLE, invitation.to_string());
        let (mut child, group) = ProcessGroup::spawn(&mut command)?;
        let (sender, ended) = watch::channel(None);
        let tail = Tail::default();
        let stderr = child.stderr.take();
        let copy = tail.clone();
        let task = tokio::spawn(async move {
            let _group = group;
            let reading = async {
                if let Some(stderr) = stderr {
                    copy.read(stderr).await;
                }
            };
            let mut reading = std::pin::pin!(reading);
            let status = tokio::select! {
                () = &mut reading => child.wait().await,
                status = child.wait() => {
                    let _ = timeout(READ_ON, reading).await;
                    status
                }
            };
            let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            // The supervisor may have ended.
            let _ = sender.send(Some(status));
        });
        Ok(Self { ended, tail, task })
    }

    /// Resolves when the program has ended, with its exit status.
    pub(super) fn ended(&self) -> impl Future<Output = String> + Send + use<> {
        let mut ended = self.ended.clone();
        async move {
            let status = ended.wait_for(Option::is_some).await.ok().and_then(|status| status.clone());
            status.unwrap_or_else(|| "killed".to_owned())
        }
    }

    /// Returns the end of what the program has written on stderr.
    pub(super) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.tail.lock()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tail {
    /// Copies the program's stderr to ours, and keeps the end.
    async fn read(&self, mut stderr: ChildStderr) {
        let mut out = tokio::io::stderr();
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
            {
                let mut tail = self.lock();
                tail.extend_from_slice(&buffer[..read]);
                let excess = tail.len().saturating_sub(TAIL_BYTES);
                tail.drain(..excess);
            }
            // A closed stderr shows nothing; the pages still do.
            let _ = out.write_all(&buffer[..read]).await;
            let _ = out.flush().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
