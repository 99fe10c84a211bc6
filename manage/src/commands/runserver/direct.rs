//! Serves the port in this process, without following changes.

use std::{net::SocketAddr, path::Path};

use nuages::server::Listener;
use time::{OffsetDateTime, macros::format_description};

use super::{
    prepare::{checked, unapplied_migrations},
    timed::Timed,
};
use crate::{
    CommandError, Project, VERSION,
    commands::{
        listen_address::{self, Caller},
        serving::Serving,
    },
    logging::Logging,
    migration_notice::migration_notice,
};

/// Serves until Ctrl-C or SIGTERM.
pub(super) async fn serve(project: &Project, address: &str) -> Result<(), CommandError> {
    let verbose = project.verbosity() > 0;
    if verbose {
        project.say("Performing system checks...\n");
    }
    let (app, warnings) = checked(project)?;
    if verbose {
        project.say_checked(warnings);
    }
    let mut serving = Serving::prepare(project, app)?;
    if let Some(notice) = migration_notice(&unapplied_migrations(project, &serving).await?) {
        project.say(project.style().notice(notice));
    }
    let listener = Listener::bind(address)
        .await
        .map_err(|error| listen_address::bind_error(address, error, Caller::RunServer))?;
    let log = Logging::dated(project.verbosity(), project.error_style()).install()?;
    serving.catch_signals()?;
    if let Err(error) = serving.start().await {
        log.finish();
        return Err(error);
    }
    if verbose {
        banner(project, listener.local_addr())?;
    }
    serving.run(listener, |app| Timed::new(app, project.verbosity()), || {}).await?;
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
