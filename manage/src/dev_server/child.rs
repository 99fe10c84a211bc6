//! A started program with its connection, as the supervisor holds it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, time::timeout};

use super::{
    control::Control,
    event::DevEvent,
    process::{Call, Process},
    protocol::ToProgram,
};
use crate::CommandError;

/// Starts programs.
#[derive(Clone, Debug)]
pub(super) struct Starter {
    pub(super) control: Control,
    pub(super) call: Call,
}

/// A started program. Dropping it kills the program.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) id: u64,
    pub(super) process: Process,
    /// The token that its requests carry.
    pub(super) token: String,
    pub(super) begun: Instant,
    /// Whether it has answered requests.
    pub(super) ready: bool,
    orders: mpsc::UnboundedSender<ToProgram>,
}

impl Starter {
    /// Starts the program. What it says and how it ends become events with this number.
    ///
    /// # Errors
    ///
    /// Where it cannot be run.
    pub(super) fn start(
        &self,
        program: &Path,
        id: u64,
        events: &mpsc::UnboundedSender<DevEvent>,
    ) -> Result<Child, CommandError> {
        let failed = |error| CommandError::because(format!("{} cannot be run", program.display()), error);
        let (invitation, mut link) = self.control.invite()?;
        let process = Process::start(&self.call, program, &invitation).map_err(failed)?;
        let (orders, ended, events) = (link.orders(), process.ended(), events.clone());
        tokio::spawn(async move {
            let mut ended = std::pin::pin!(ended);
            let status = loop {
                tokio::select! {
                    // What it has said comes before its end.
                    biased;
                    Some(message) = link.messages.recv() => drop(events.send(DevEvent::Program(id, message))),
                    status = &mut ended => break status,
                }
            };
            // Its last message may still be on the way.
            while let Ok(Some(message)) = timeout(LAST_MESSAGE, link.messages.recv()).await {
                drop(events.send(DevEvent::Program(id, message)));
            }
            drop(events.send(DevEvent::Ended(id, status)));
        });
        let token = invitation.token;
        Ok(Child { id, process, token, begun: Instant::now(), ready: false, orders })
    }
}

/// How long to wait for messages of a program that has ended.
const LAST_MESSAGE: Duration = Duration::from_millis(50);

impl Child {
    /// Asks the program to end when it has answered its requests.
    pub(super) fn stop(&self) {
        // It may have ended.
        let _ = self.orders.send(ToProgram::Stop);
    }

    /// Kills the program and its children, and waits for its end.
    pub(super) async fn kill(self, within: Duration) {
        let ended = self.process.ended();
        drop(self);
        let _ = timeout(within, ended).await;
    }
}
