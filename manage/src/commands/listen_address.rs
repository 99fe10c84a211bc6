//! The address that a server listens on: read from the argument, and its errors with a way out.
//!
//! Used by `runserver`, `serve` and `quickstart`. Nothing here listens for longer than a check takes.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

use nuages::server::ServerError;

use crate::CommandError;

/// The port that Django's runserver listens on, too.
pub(super) const DEFAULT_PORT: u16 = 8000;

/// The command that listens. Hints name a valid call of it.
#[derive(Clone, Copy)]
pub(super) enum Caller {
    RunServer,
    Serve,
}

impl Caller {
    fn name(self) -> &'static str {
        match self {
            Self::RunServer => "runserver",
            Self::Serve => "serve",
        }
    }
}

/// Reads the argument of the command: a port, or an address and a port.
pub(super) fn parse(argument: Option<&str>, caller: Caller) -> Result<String, CommandError> {
    let Some(text) = argument else { return Ok(format!("{}:{DEFAULT_PORT}", Ipv4Addr::LOCALHOST)) };
    let wrong = |why: &str| {
        CommandError::new(format!("{text:?} is not an address to listen on: {why}"))
            .hint(format!("`{0} 8080`, `{0} 0.0.0.0:8000` or `{0} [::1]:8000`", caller.name()))
    };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port),
        None if text.parse::<Ipv4Addr>().is_ok() => return Err(wrong("its port is missing")),
        None => ("", text),
    };
    let port: u16 = port.parse().map_err(|_| wrong("a port is a number from 0 to 65535"))?;
    match host {
        "" => Ok(format!("{}:{port}", Ipv4Addr::LOCALHOST)),
        // As in Django.
        "0" => Ok(format!("{}:{port}", Ipv4Addr::UNSPECIFIED)),
        host if host.contains(':') && !host.starts_with('[') => {
            Err(wrong("an IPv6 address stands in brackets"))
        }
        host => Ok(format!("{host}:{port}")),
    }
}

/// Returns the error for an address that the server could not bind, with a hint for each common cause.
pub(super) fn bind_error(address: &str, error: ServerError, caller: Caller) -> CommandError {
    match error {
        ServerError::Bind { source, .. } => io_error(address, source, caller),
        other => CommandError::because("the server cannot start", other),
    }
}

/// Returns the error for an address that cannot be bound.
pub(super) fn io_error(address: &str, error: io::Error, caller: Caller) -> CommandError {
    let name = caller.name();
    match error.kind() {
        io::ErrorKind::AddrInUse => port_taken(address, &format!("{name} ")),
        io::ErrorKind::PermissionDenied => {
            CommandError::because(format!("listening on {address} needs privileges"), error)
                .hint(format!("use a port from 1024 on: `{name} 8000`"))
        }
        io::ErrorKind::AddrNotAvailable => {
            CommandError::because(format!("{address} is not an address of this machine"), error)
                .hint(format!("0.0.0.0 stands for all of its addresses: `{name} 0.0.0.0:8000`"))
        }
        _ => CommandError::because(format!("the server cannot start: cannot listen on {address:?}"), error),
    }
}

/// Returns the error for a port that another program uses. The hint names a free one after `option`, the
/// words that choose it on the command line.
pub(super) fn port_taken(address: &str, option: &str) -> CommandError {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    let error = CommandError::new(format!("port {port} of {host} is taken: another program listens there"));
    let port = port.parse().unwrap_or(DEFAULT_PORT);
    let free = (1..=50).filter_map(|step| port.checked_add(step)).find(|port| is_free(host, *port));
    let place = if host == Ipv4Addr::LOCALHOST.to_string() { String::new() } else { format!("{host}:") };
    match free {
        Some(free) => error.hint(format!("stop that program, or use another port: `{option}{place}{free}`")),
        None => error.hint("stop that program, or use another port"),
    }
}

/// Returns whether the port can be listened on now.
pub(super) fn is_free(host: &str, port: u16) -> bool {
    TcpListener::bind(format!("{host}:{port}")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_addresses_are_read_as_django_reads_them() {
        for (argument, listens) in [
            (None, "127.0.0.1:8000"),
            (Some("8080"), "127.0.0.1:8080"),
            (Some("0.0.0.0:8000"), "0.0.0.0:8000"),
            (Some("0:8000"), "0.0.0.0:8000"),
            (Some("[::1]:8000"), "[::1]:8000"),
            (Some("localhost:8000"), "localhost:8000"),
            (Some(":8000"), "127.0.0.1:8000"),
        ] {
            assert_eq!(parse(argument, Caller::RunServer).expect("an address"), listens);
        }
        for wrong in ["", "eighty", "80800", "-1", "127.0.0.1", "::1", "localhost:"] {
            assert!(parse(Some(wrong), Caller::Serve).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_taken_port_comes_with_a_free_one() {
        let other = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = other.local_addr().expect("its address");
        let error = port_taken(&address.to_string(), "runserver ");
        assert!(error.to_string().contains(&address.port().to_string()));
        assert!(error.hint_text().expect("a hint").contains("`runserver "));
        assert!(!is_free("127.0.0.1", address.port()));
    }
}
