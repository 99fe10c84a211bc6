//! The messages between the supervisor and the project's program: one JSON value a line, over a loopback
//! connection that the program opens.
//!
//! The variable [`VARIABLE`] tells a program where to connect. The end of the connection ends the program.

use std::{fmt, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// The variable that the supervisor sets for the program: `PID ADDRESS TOKEN`. It does not begin with `NUAGES_`,
/// which is the prefix of settings.
pub(crate) const VARIABLE: &str = "MANAGE_DEV_SERVER";
/// The header in which the supervisor hands over the token and the address of the client.
pub(crate) const CLIENT_HEADER: &str = "x-nuages-dev-client";

/// A message of the program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromProgram {
    /// The first message. It carries the token, which is valid once.
    Hello(String),
    /// The program answers requests now.
    Ready(ProgramReady),
    /// The program cannot start, and ends.
    Failed(StartFailure),
}

/// A message of the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToProgram {
    /// Let the requests in flight finish, then end.
    Stop,
}

/// A program that answers requests, and facts about its settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ProgramReady {
    pub(crate) address: SocketAddr,
    pub(crate) debug: bool,
    pub(crate) watched: WatchedFiles,
    /// How many warnings the check gave.
    pub(crate) warnings: usize,
    /// The apps with unapplied migrations, and how many there are.
    pub(crate) unapplied: Vec<(String, usize)>,
    /// Where sessions are stored, if they end with the program.
    pub(crate) forgets_sessions: Option<String>,
}

/// The files that the program reads while it runs or starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WatchedFiles {
    pub(crate) settings_file: PathBuf,
    pub(crate) migrations: PathBuf,
    pub(crate) templates: Vec<PathBuf>,
    pub(crate) static_files: Vec<PathBuf>,
}

/// The reason why a program did not start, as the terminal shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StartFailure {
    pub(crate) error: String,
    pub(crate) hint: Option<String>,
    /// Absent if the settings cannot be read.
    pub(crate) watched: Option<WatchedFiles>,
}

/// Where a program connects to, and with which token.
pub(crate) struct Invitation {
    /// The process of the supervisor.
    pub(crate) supervisor: u32,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

impl Invitation {
    /// Reads the value of [`VARIABLE`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (supervisor, address) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Self { supervisor, address, token: words.next()?.to_owned() })
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.supervisor, self.address, self.token)
    }
}

/// Returns a new token: 32 random hexadecimal digits.
///
/// # Errors
///
/// Where the system has no random bytes.
pub(crate) fn new_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Returns whether two tokens are equal, in a time that does not depend on where they differ.
pub(crate) fn same_token(one: &str, other: &str) -> bool {
    let differ = |sum: u8, (a, b): (u8, u8)| sum | (a ^ b);
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, differ) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_read_back() {
        let token = new_token().expect("random bytes");
        let address = "127.0.0.1:4000".parse().expect("an address");
        let text = Invitation { supervisor: 7, address, token: token.clone() }.to_string();
        let read = Invitation::parse(&text).expect("an invitation");
        assert_eq!((read.supervisor, read.address), (7, address));
        assert!(same_token(&read.token, &token) && !same_token(&token, &token[1..]));
        assert!(!same_token(&token, &new_token().expect("random bytes")));
        assert!(Invitation::parse("7 nowhere x").is_none());
    }
}
