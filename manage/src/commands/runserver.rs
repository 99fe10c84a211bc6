//! `runserver`: checks, then serves until Ctrl-C.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
};

use clap::{Arg, ArgMatches};
use nuages::{
    db::Databases,
    migrations::Migrations,
    server::{self, Listener, ServerError},
    settings::Settings,
};
use time::{OffsetDateTime, macros::format_description};

use crate::{BoxFuture, Command, CommandError, Project, Style, logging};

/// Where Django's runserver listens too.
pub(super) const DEFAULT_PORT: u16 = 8000;

/// `manage runserver`.
pub(crate) struct RunServer;

impl Command for RunServer {
    fn define(&self) -> clap::Command {
        clap::Command::new("runserver")
            .about("Serve the project until Ctrl-C")
            .arg(
                Arg::new("address")
                    .value_name("[ADDRESS:]PORT")
                    .help("Where to listen: 8080, 0.0.0.0:8000, [::1]:8000 [default: 127.0.0.1:8000]"),
            )
            .after_help("The installed `manage` builds the project's own program and runs that.")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let address = address(args.get_one::<String>("address").map(String::as_str))?;
            let loud = project.verbosity() > 0;
            if loud {
                project.say("Performing system checks...\n");
            }
            let app = project.checked_app()?;
            let settings = project.settings()?;
            if !settings.debug && settings.allowed_hosts.is_empty() {
                return Err(CommandError::new(
                    "ALLOWED_HOSTS is empty, and DEBUG is false: no request could be answered",
                )
                .hint(
                    "name the hosts of this site in settings.toml: ALLOWED_HOSTS = [\"www.example.com\"]",
                ));
            }
            if loud {
                project.say("System check identified no issues.");
            }
            let databases = app.databases().map_err(|errors| project.unusable(errors))?;
            warn_of_migrations(project, settings, &databases).await?;
            let listener = Listener::bind(&address).await.map_err(|error| not_bound(&address, error))?;
            let stop = |error| CommandError::because("the server cannot start", error);
            let mut signals = server::signals().map_err(stop)?;
            let mut again = server::signals().map_err(stop)?;
            logging::install(project.verbosity(), project.error_style());
            if loud {
                banner(project, listener.local_addr())?;
            }
            let shutdown = async {
                signals.next().await;
            };
            // The first signal lets requests finish, the second does not.
            let cut = async {
                again.next().await;
                again.next().await;
            };
            server::serve_with(listener, app, &settings.server, shutdown, cut).await;
            databases.close().await;
            Ok(())
        })
    }
}

/// What to listen on, out of the argument: a port, or an address and a port.
fn address(argument: Option<&str>) -> Result<String, CommandError> {
    let Some(text) = argument else { return Ok(format!("{}:{DEFAULT_PORT}", Ipv4Addr::LOCALHOST)) };
    let wrong = |why: &str| {
        CommandError::new(format!("{text:?} is no place to listen at: {why}"))
            .hint("`runserver 8080`, `runserver 0.0.0.0:8000` or `runserver [::1]:8000`")
    };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port),
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

/// Why an address cannot be listened on, in words, with the way out.
fn not_bound(address: &str, error: ServerError) -> CommandError {
    let kind = match &error {
        ServerError::Bind { source, .. } => source.kind(),
        _ => io::ErrorKind::Other,
    };
    match kind {
        io::ErrorKind::AddrInUse => taken(address, "runserver "),
        io::ErrorKind::PermissionDenied => {
            CommandError::because(format!("{address} cannot be listened on without privileges"), error)
                .hint("take a port from 1024 on: `runserver 8000`")
        }
        io::ErrorKind::AddrNotAvailable => {
            CommandError::because(format!("{address} is not an address of this machine"), error)
                .hint("0.0.0.0 stands for all of its addresses: `runserver 0.0.0.0:8000`")
        }
        _ => CommandError::because("the server cannot start", error),
    }
}

/// The error of a taken port; `option` is how the command is told another.
pub(super) fn taken(address: &str, option: &str) -> CommandError {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    let error = CommandError::new(format!("port {port} of {host} is taken: another program listens there"));
    let port = port.parse().unwrap_or(DEFAULT_PORT);
    let free = (1..=50).filter_map(|step| port.checked_add(step)).find(|port| is_free(host, *port));
    let place = if host == Ipv4Addr::LOCALHOST.to_string() { String::new() } else { format!("{host}:") };
    match free {
        Some(free) => error.hint(format!("stop that one, or take another port: `{option}{place}{free}`")),
        None => error.hint("stop that one, or take another port"),
    }
}

/// Whether nothing listens there now.
pub(super) fn is_free(host: &str, port: u16) -> bool {
    TcpListener::bind(format!("{host}:{port}")).is_ok()
}

/// Django's notice (`check_migrations` in django/core/management/base.py), for every database.
async fn warn_of_migrations(
    project: &Project,
    settings: &Settings,
    databases: &Databases,
) -> Result<(), CommandError> {
    let unreadable = |error| CommandError::because("the migrations cannot be read", error);
    let migrations = Migrations::discover(settings).map_err(unreadable)?;
    let Some(database) = databases.get("default") else { return Ok(()) };
    let unapplied = match migrations.unapplied(database).await {
        Ok(unapplied) => unapplied,
        Err(error) => {
            // A server whose database comes later is still a server: requests that need it get a 503.
            let error = CommandError::because("the database cannot be asked for its migrations", error);
            eprint_warning(project, &error);
            return Ok(());
        }
    };
    if unapplied.is_empty() {
        return Ok(());
    }
    let mut apps: Vec<&str> = unapplied.iter().map(|migration| migration.app()).collect();
    apps.sort_unstable();
    apps.dedup();
    let notice = format!(
        "\nYou have {} unapplied migration(s). Your project may not work properly until you apply the \
         migrations for app(s): {}.\nRun `manage migrate` (or `cargo run -- migrate`) to apply them.",
        unapplied.len(),
        apps.join(", ")
    );
    project.say(project.style().notice(notice));
    Ok(())
}

fn eprint_warning(project: &Project, error: &CommandError) {
    let style: Style = project.style();
    project.say(format_args!("\n{}", style.warning(format!("warning: {}", error.with_causes()))));
}

fn banner(project: &Project, address: SocketAddr) -> Result<(), CommandError> {
    let form = format_description!("[month repr:long] [day], [year] - [hour]:[minute]:[second]");
    let file = project.settings_file()?;
    let file = file.file_name().map_or(file.as_path(), Path::new);
    project.say(OffsetDateTime::now_utc().format(form).unwrap_or_default());
    project.say(format_args!("Nuages version {}, using settings '{}'", crate::VERSION, file.display()));
    project.say(format_args!("Starting development server at http://{address}/"));
    project.say("Quit the server with CONTROL-C.\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_addresses_are_taken_as_django_takes_them() {
        for (argument, listens) in [
            (None, "127.0.0.1:8000"),
            (Some("8080"), "127.0.0.1:8080"),
            (Some("0.0.0.0:8000"), "0.0.0.0:8000"),
            (Some("0:8000"), "0.0.0.0:8000"),
            (Some("[::1]:8000"), "[::1]:8000"),
            (Some("localhost:8000"), "localhost:8000"),
            (Some(":8000"), "127.0.0.1:8000"),
        ] {
            assert_eq!(address(argument).expect("a place"), listens);
        }
        for wrong in ["", "eighty", "80800", "-1", "127.0.0.1", "::1", "localhost:"] {
            assert!(address(Some(wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_taken_port_comes_with_a_free_one() {
        let other = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = other.local_addr().expect("its address");
        let error = taken(&address.to_string(), "runserver ");
        assert!(error.to_string().contains(&address.port().to_string()));
        assert!(error.hint_text().expect("a hint").contains("`runserver "));
        assert!(!is_free("127.0.0.1", address.port()));
    }
}
