//! Binds the port of the development server, and offers another one if it is taken.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::{
    CommandError, Project,
    commands::listen_address::{self, Caller},
    dev_server::PublicPort,
};

/// Binds the address. On a terminal, a question offers the next free port if this one is taken.
pub(super) async fn bind(project: &Project, address: &str) -> Result<PublicPort, CommandError> {
    let error = match PublicPort::bind(address).await {
        Ok(port) => return Ok(port),
        Err(error) => error,
    };
    let may_ask = io::stdin().is_terminal() && io::stdout().is_terminal();
    let next =
        listen_address::next_free(address).filter(|_| may_ask && error.kind() == io::ErrorKind::AddrInUse);
    match next {
        Some(next) if agreed(project, address, &next)? => {
            let port = PublicPort::bind(&next).await;
            port.map_err(|error| listen_address::io_error(&next, error, Caller::RunServer))
        }
        _ => Err(listen_address::io_error(address, error, Caller::RunServer)),
    }
}

/// Asks whether to use the other address. An empty answer is a yes.
fn agreed(project: &Project, taken: &str, next: &str) -> Result<bool, CommandError> {
    project
        .write(format_args!("{taken} is taken: another program listens there. Use {next} instead? [Y/n] "));
    // Without the question there can be no answer.
    project.output().check()?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    let read = read.map_err(|error| CommandError::because("the answer cannot be read", error))?;
    Ok(read > 0 && matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes"))
}
