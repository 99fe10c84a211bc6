//! `serve`: serves the project in production, until SIGTERM or Ctrl-C.
//!
//! It refuses settings that are for development, logs as a service does, and works with systemd: its socket,
//! its readiness, SIGHUP.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::{Arg, ArgAction, ArgMatches, builder::PossibleValuesParser, value_parser};
use listenfd::ListenFd;
use nuages::{App, server::Listener, sessions::SessionEngine};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    listen_address::{self, Caller},
    serving::Serving,
};
use crate::{
    BoxFuture, Command, CommandError, Project,
    log_file::LogFile,
    logging::{self, LogFormat, Logging},
};

/// The option that sets the number of the runtime's threads. `cli` reads it before it starts them.
pub(crate) const WORKERS: &str = "workers";
/// How often a process asks whether clearing is due.
const MAX_CHECK_PAUSE: Duration = Duration::from_secs(60);
/// The checks of `check --deploy` that no site may fail.
const REQUIRED: [&str; 2] = ["security.W009", "security.W018"];

/// `manage serve`.
pub(crate) struct Serve;

impl Command for Serve {
    fn define(&self) -> clap::Command {
        clap::Command::new("serve")
            .about("Serve the project in production")
            .arg(
                Arg::new("address").value_name("[ADDRESS:]PORT").help(
                    "The address to listen on: 8080, 0.0.0.0:8000, [::]:8000 [default: 127.0.0.1:8000, or the \
                     socket of systemd]",
                ),
            )
            .arg(
                Arg::new(WORKERS)
                    .long(WORKERS)
                    .value_name("NUMBER")
                    .value_parser(value_parser!(u16).range(1..=1024))
                    .help("How many threads run requests [default: one for each processor]"),
            )
            .arg(
                Arg::new("log-format")
                    .long("log-format")
                    .value_name("FORMAT")
                    .value_parser(PossibleValuesParser::new(["text", "json"]))
                    .default_value("text")
                    .help("The form of the log: lines of text, or one JSON object a line"),
            )
            .arg(
                Arg::new("log-file")
                    .long("log-file")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .help("Write the log to this file; SIGHUP opens it again [default: stderr]"),
            )
            .arg(
                Arg::new("no-access-log")
                    .long("no-access-log")
                    .action(ArgAction::SetTrue)
                    .help("Log no line for a request that succeeds"),
            )
            .after_help(
                "SIGTERM closes the port and lets running requests finish, for GRACEFUL_TIMEOUT at most; a second \
                 one ends them. /healthz and /readyz answer load balancers. Under systemd, Type=notify and a \
                 socket unit work.\n\n\
                 Examples:\n  manage serve 0.0.0.0:8000\n  manage serve --log-format json --log-file /var/log/mysite.log",
            )
    }

    fn run<'a>(
        &'a self,
        project: &'a Project,
        args: &'a ArgMatches,
    ) -> BoxFuture<'a, Result<(), CommandError>> {
        Box::pin(async move {
            let (app, _) = project.check_app()?;
            check_for_production(project, &app)?;
            let settings = project.settings()?;
            let sessions = app.sessions().map_err(|errors| project.unusable(errors))?;
            let mut serving = Serving::prepare(project, app.health_checks())?;
            let listener = listener(args).await?;
            let format = match args.get_one::<String>("log-format").map(String::as_str) {
                Some("json") => LogFormat::Json,
                _ => LogFormat::Dated,
            };
            let file = args.get_one::<PathBuf>("log-file").map(|file| LogFile::open(file)).transpose()?;
            let log = Logging {
                format,
                verbosity: project.verbosity(),
                successes: !args.get_flag("no-access-log"),
                style: project.error_style(),
            };
            let log = match file {
                Some(file) => {
                    let file = Arc::new(file);
                    reopen_at_hangup(Arc::clone(&file))?;
                    log.install_to(file)?
                }
                None => log.install()?,
            };
            serving.catch_signals()?;
            if let Err(error) = serving.start().await {
                log.finish();
                return Err(error);
            }
            project.output().check()?;
            let address = listener.local_addr();
            tracing::info!(target: logging::SERVER, "serving at http://{address}/ (version {})", crate::VERSION);
            if let Some(interval) = settings.session.clear_expired {
                clear_periodically(sessions, interval);
            }
            notify(&[sd_notify::NotifyState::Ready]);
            serving.run(listener, |app| app, || notify(&[sd_notify::NotifyState::Stopping])).await?;
            tracing::info!(target: logging::SERVER, "stopped");
            log.finish();
            Ok(())
        })
    }
}

/// Refuses settings that must not be in production.
fn check_for_production(project: &Project, app: &App) -> Result<(), CommandError> {
    let found = app.deployment_checks();
    if let Some(check) = found.iter().find(|check| REQUIRED.contains(&check.id.as_str())) {
        let fix = check.fix.as_deref().unwrap_or_default();
        return Err(CommandError::new(format!("not fit for production: {}", check.message))
            .hint(format!("write in settings.toml: {fix}; `runserver` serves during development")));
    }
    if !found.is_empty() && project.verbosity() > 0 {
        let findings = if found.len() == 1 { "finding" } else { "findings" };
        project.say(format_args!(
            "{} {findings} about production settings: see `manage check --deploy`",
            found.len()
        ));
    }
    Ok(())
}

/// Returns the socket that systemd passes, or binds the address.
async fn listener(args: &ArgMatches) -> Result<Listener, CommandError> {
    let argument = args.get_one::<String>("address").map(String::as_str);
    let cannot = |error| CommandError::because("the socket that was passed cannot be used", error);
    if argument.is_none()
        && let Some(socket) = ListenFd::from_env().take_tcp_listener(0).map_err(cannot)?
    {
        return Listener::from_std(socket)
            .map_err(|error| CommandError::because("the server cannot start", error));
    }
    let address = listen_address::parse(argument, Caller::Serve)?;
    Listener::bind(&address).await.map_err(|error| listen_address::bind_error(&address, error, Caller::Serve))
}

/// Opens the log file again at each SIGHUP, as logrotate expects.
fn reopen_at_hangup(file: Arc<LogFile>) -> Result<(), CommandError> {
    let mut hangups = signal(SignalKind::hangup())
        .map_err(|error| CommandError::because("SIGHUP cannot be handled", error))?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            file.reopen();
        }
    });
    Ok(())
}

/// Clears expired sessions from time to time, until the runtime ends.
fn clear_periodically(sessions: SessionEngine, interval: Duration) {
    if !sessions.needs_clearing() {
        return;
    }
    tokio::spawn(async move {
        loop {
            match sessions.clear_if_due(interval).await {
                Ok(Some(removed)) if removed > 0 => {
                    tracing::info!(target: logging::SERVER, removed, "expired sessions were removed");
                }
                Ok(_) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(target: logging::SERVER, error, "expired sessions cannot be removed now");
                }
            }
            // Whichever process asks first when the time has come does the work.
            tokio::time::sleep(interval.min(MAX_CHECK_PAUSE)).await;
        }
    });
}

/// Tells systemd about the server's state. Without systemd nothing happens.
fn notify(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(target: logging::SERVER, %error, "systemd cannot be notified");
    }
}
