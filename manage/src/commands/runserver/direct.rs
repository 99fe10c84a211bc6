//! Serves the port in this process, without following changes.

use std::{net::SocketAddr, path::Path, time::Duration};

use nuages::server::{self, Listener};
use time::{OffsetDateTime, macros::format_description};

use super::prepare::{Prepared, prepare, say_unapplied, unapplied_migrations};
use crate::{
    CommandError, Project, VERSION,
    commands::listen_address,
    logging::{self, LogFormat},
};

/// How long after the first signal the effect of a second one is named.
const NOTICE_DELAY: Duration = Duration::from_millis(300);

/// Serves until Ctrl-C or SIGTERM.
pub(super) async fn serve(project: &Project, address: &str) -> Result<(), CommandError> {
    let verbose = project.verbosity() > 0;
    if verbose {
        project.say("Performing system checks...\n");
    }
    let Prepared { app, databases, warnings } = prepare(project)?;
    if verbose {
        project.say_checked(warnings);
    }
    say_unapplied(project, &unapplied_migrations(project, &databases).await?);
    let listener =
        Listener::bind(address).await.map_err(|error| listen_address::bind_error(address, error))?;
    let no_signals = |error| CommandError::because("the server cannot start", error);
    let mut signals = server::signals().map_err(no_signals)?;
    let mut later_signals = server::signals().map_err(no_signals)?;
    let log = logging::install(LogFormat::Dated, project.verbosity(), project.error_style())?;
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
    let settings = project.settings()?;
    server::serve_with(listener, app, &settings.server, shutdown, abort).await;
    databases.close().await;
    log.finish();
    Ok(())
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
