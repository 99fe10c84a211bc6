//! The loopback port on which programs dial back to the supervisor.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

use super::protocol::{FromProgram, Invitation, ToProgram, new_token, same_token};
use crate::CommandError;

/// How long a connection may take to send its token.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest message.
const MAX_MESSAGE: u64 = 1 << 20;

/// Accepts the connections of programs that were invited.
#[derive(Clone, Debug)]
pub(super) struct Control {
    address: SocketAddr,
    expected: Expected,
}

/// The tokens that have not been used yet, each with the ends for its program.
type Expected = Arc<Mutex<HashMap<String, Ends>>>;

#[derive(Debug)]
struct Ends {
    messages: mpsc::UnboundedSender<FromProgram>,
    orders: mpsc::UnboundedReceiver<ToProgram>,
}

/// The supervisor's side of the connection to one program. Dropping it ends the program.
#[derive(Debug)]
pub(super) struct ProgramLink {
    pub(super) messages: mpsc::UnboundedReceiver<FromProgram>,
    orders: mpsc::UnboundedSender<ToProgram>,
}

impl ProgramLink {
    /// Asks the program to end when it has answered its requests.
    pub(super) fn orders(&self) -> mpsc::UnboundedSender<ToProgram> {
        self.orders.clone()
    }
}

impl Control {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    ///
    /// Where the system allows none.
    pub(super) async fn listen() -> Result<Self, CommandError> {
        let failed = |error| CommandError::because("no loopback port can be opened for the program", error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let expected = Expected::default();
        let known = Arc::clone(&expected);
        tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => drop(tokio::spawn(serve(stream, Arc::clone(&known)))),
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        });
        Ok(Self { address, expected })
    }

    /// Makes an invitation for one program, and the link that it will use.
    ///
    /// # Errors
    ///
    /// Where the system has no random bytes.
    pub(super) fn invite(&self) -> Result<(Invitation, ProgramLink), CommandError> {
        let failed = |error| CommandError::because("the system has no random bytes", error);
        let token = new_token().map_err(failed)?;
        let (messages, from_program) = mpsc::unbounded_channel();
        let (to_program, orders) = mpsc::unbounded_channel();
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        // A program that never dialled back will not do so later.
        expected.retain(|_, ends| !ends.messages.is_closed());
        expected.insert(token.clone(), Ends { messages, orders });
        let invitation = Invitation { supervisor: std::process::id(), address: self.address, token };
        Ok((invitation, ProgramLink { messages: from_program, orders: to_program }))
    }
}

/// Serves one connection, until either side ends it.
async fn serve(stream: TcpStream, expected: Expected) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).take(MAX_MESSAGE).lines();
    let Ok(Ok(Some(first))) = timeout(HELLO_TIMEOUT, lines.next_line()).await else { return };
    let Ok(FromProgram::Hello(token)) = serde_json::from_str(&first) else { return };
    let Some(mut ends) = claim(&expected, &token) else { return };
    loop {
        lines.get_mut().set_limit(MAX_MESSAGE);
        tokio::select! {
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { return };
                let Ok(message) = serde_json::from_str(&line) else { return };
                if ends.messages.send(message).is_err() {
                    return;
                }
            }
            order = ends.orders.recv() => {
                // The end of the link ends the connection, and so the program.
                let Some(order) = order else { return };
                let Ok(line) = serde_json::to_string(&order) else { return };
                if writer.write_all((line + "\n").as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Takes the ends that belong to a token. The token is not valid again.
fn claim(expected: &Expected, token: &str) -> Option<Ends> {
    let mut expected = expected.lock().unwrap_or_else(PoisonError::into_inner);
    let known = expected.keys().find(|known| same_token(known, token))?.clone();
    expected.remove(&known)
}
