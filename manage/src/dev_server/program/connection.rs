//! The connection from the program to its supervisor.

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::{mpsc, watch},
};

use crate::{
    CommandError,
    dev_server::protocol::{FromProgram, Invitation, ToProgram, VARIABLE},
};

/// Returns the supervisor's invitation, if a supervisor has started this process itself. A process that merely
/// inherits the variable, a command that a view runs for example, has none.
pub(crate) fn invitation() -> Option<Invitation> {
    let invitation = Invitation::parse(std::env::var(VARIABLE).ok()?.as_str())?;
    (std::os::unix::process::parent_id() == invitation.supervisor).then_some(invitation)
}

/// How far the supervisor wants the program to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Serve,
    Stop,
    /// The supervisor is gone.
    End,
}

/// The connection to the supervisor.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    messages: mpsc::UnboundedSender<(FromProgram, Option<mpsc::Sender<()>>)>,
    order: watch::Receiver<Order>,
}

impl Connection {
    /// Dials back.
    ///
    /// # Errors
    ///
    /// Where the supervisor is gone.
    pub(crate) async fn open(invitation: &Invitation) -> Result<Self, CommandError> {
        let gone = |error| CommandError::because("the development server does not answer", error);
        let stream = TcpStream::connect(invitation.address).await.map_err(gone)?;
        stream.set_nodelay(true).map_err(gone)?;
        let (reader, mut writer) = stream.into_split();
        let (messages, mut waiting) = mpsc::unbounded_channel();
        let (orders, order) = watch::channel(Order::Serve);
        tokio::spawn(async move {
            let mut lines = BufReader::new(reader).lines();
            loop {
                let line = lines.next_line().await.ok().flatten();
                let Some(ToProgram::Stop) = line.and_then(|line| serde_json::from_str(&line).ok()) else {
                    break;
                };
                orders.send_replace(Order::Stop);
            }
            orders.send_replace(Order::End);
        });
        tokio::spawn(async move {
            while let Some((message, sent)) = waiting.recv().await {
                let Ok(line) = serde_json::to_string(&message) else { continue };
                if writer.write_all((line + "\n").as_bytes()).await.is_err() {
                    return;
                }
                drop::<Option<mpsc::Sender<()>>>(sent);
            }
        });
        let connection = Self { messages, order };
        connection.send(FromProgram::Hello(invitation.token.clone()));
        Ok(connection)
    }

    /// Sends a message, without waiting for it.
    pub(crate) fn send(&self, message: FromProgram) {
        // The supervisor may be gone; the reading side notices that.
        let _ = self.messages.send((message, None));
    }

    /// Sends a message and waits until it is written.
    pub(crate) async fn deliver(&self, message: FromProgram) {
        let (sent, mut done) = mpsc::channel(1);
        if self.messages.send((message, Some(sent))).is_ok() {
            let _ = done.recv().await;
        }
    }

    /// Resolves when the program must let its requests finish and end.
    pub(crate) async fn stopped(&self) {
        // An error means that the reading task has ended: the supervisor is gone.
        let _ = self.order.clone().wait_for(|order| *order != Order::Serve).await;
    }

    /// Resolves when the program must end immediately.
    pub(crate) async fn lost(&self) {
        let _ = self.order.clone().wait_for(|order| *order == Order::End).await;
    }
}
