//! `runserver`: checks the project, then serves it until Ctrl-C or SIGTERM.

use std::{net::SocketAddr, path::Path, time::Duration};

use clap::{Arg, ArgMatches};
use nuages::{
    db::Databases,
    migrations::Migrations,
    server::{self, Listener},
    settings::Settings,
};
use time::{OffsetDateTime, macros::format_description};

use super::listen_address;
use crate::{
    BoxFuture, Command, CommandError, Project, Style, VERSION,
    logging::{self, LogFormat},
};

/// How long after the first signal the effect of a second one is named.
const NOTICE_DELAY: Duration = Duration::from_millis(300);

/// `manage runserver`.
pub(crate) struct RunServer;

impl Command for RunServer {
    fn define(&self) -> clap::Command {
        clap::Command::new("runserver")
            .about("Serve the project until Ctrl-C")
            .arg(
                Arg::new("address").value_name("[ADDRESS:]PORT").help(
                    "The address to listen on: 8080, 0.0.0.0:8000, [::1]:8000 [default: 127.0.0.1:8000]",
                ),
            )
            .after_help("The installed `manage` builds the project's program and runs it.")
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let address = listen_address::parse(args.get_one::<String>("address").map(String::as_str))?;
            let verbose = project.verbosity() > 0;
            if verbose {
                project.say("Performing system checks...\n");
            }
            let (app, warnings) = project.check_app()?;
            let settings = project.settings()?;
            if !settings.debug && settings.allowed_hosts.is_empty() {
                return Err(CommandError::new(
                    "ALLOWED_HOSTS is empty and DEBUG is false: every request would be rejected",
                )
                .hint(
                    "name the hosts of this site in settings.toml: ALLOWED_HOSTS = [\"www.example.com\"]",
                ));
            }
            if verbose {
                project.say_checked(warnings);
            }
            let databases = app.databases().map_err(|errors| project.unusable(errors))?;
            warn_of_migrations(project, settings, &databases).await?;
            let listener = Listener::bind(&address)
                .await
                .map_err(|error| listen_address::bind_error(&address, error))?;
            let no_signals = |error| CommandError::because("the server cannot start", error);
            let mut signals = server::signals().map_err(no_signals)?;
            let mut later_signals = server::signals().map_err(no_signals)?;
            let log = logging::install(LogFormat::Dated, project.verbosity(), project.error_style())?;
            let running = match app.start().await {
                Ok(running) => running,
                Err(error) => {
                    log.finish();
                    return Err(start_error(error));
                }
            };
            if verbose {
                banner(project, listener.local_addr())?;
            }
            let shutdown = async {
                signals.next().await;
            };
            // The first signal lets requests finish; the second ends them.
            let abort = async {
                later_signals.next().await;
                tokio::select! {
                    _ = later_signals.next() => {}
                    // The server has said what it waits for. Without a request it has ended by now.
                    () = tokio::time::sleep(NOTICE_DELAY) => {
                        tracing::info!(target: logging::SERVER, "press CONTROL-C again to stop at once");
                        later_signals.next().await;
                    }
                }
            };
            server::serve_with(listener, app, &settings.server, shutdown, abort).await;
            // Another signal ends what does not end by itself.
            let mut last_signals = server::signals().map_err(no_signals)?;
            tokio::select! {
                () = running.end() => {}
                _ = last_signals.next() => {}
            }
            databases.close().await;
            log.finish();
            Ok(())
        })
    }
}

/// The error of the project's own start.
fn start_error(error: nuages::Error) -> CommandError {
    let mut chain = error.chain().into_iter();
    let first = chain.next().unwrap_or_else(|| "the application cannot start".to_owned());
    let causes: Vec<String> = chain.collect();
    match causes.is_empty() {
        true => CommandError::new(first),
        false => CommandError::new(format!("{first}: {}", causes.join(": "))),
    }
}

/// Prints Django's notice of unapplied migrations (`check_migrations` in django/core/management/base.py).
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
            // The server starts without its database: requests that need it get a 503 until it is there.
            let error = CommandError::because("the applied migrations cannot be read", error);
            print_warning(project, &error);
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

fn print_warning(project: &Project, error: &CommandError) {
    let style: Style = project.style();
    project.say(format_args!("\n{}", style.warning(format!("warning: {}", error.with_causes()))));
}

fn banner(project: &Project, address: SocketAddr) -> Result<(), CommandError> {
    let form = format_description!("[month repr:long] [day], [year] - [hour]:[minute]:[second]");
    let file = project.settings_file()?;
    let file = file.file_name().map_or(file.as_path(), Path::new);
    project.say(OffsetDateTime::now_utc().format(form).unwrap_or_default());
    project.say(format_args!("Nuages version {}, using settings '{}'", VERSION, file.display()));
    project.say(format_args!("Starting development server at http://{address}/"));
    project.say("Quit the server with CONTROL-C.\n");
    Ok(())
}
