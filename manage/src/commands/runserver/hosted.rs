//! Serves a private port for the development server that has started this program.

use std::net::Ipv4Addr;

use nuages::{
    server::Listener,
    settings::{CacheBackend, Settings},
};

use super::{
    prepare::{checked, unapplied_migrations},
    timed::Timed,
};
use crate::{
    CommandError, Project,
    commands::serving::Serving,
    dev_server::{
        program::{Connection, Handed},
        protocol::{FromProgram, Invitation, ProgramReady, StartFailure, WatchedFiles},
    },
    logging::Logging,
};

/// Serves until the development server wants another program, or is gone.
pub(super) async fn serve(project: &Project, invitation: &Invitation) -> Result<(), CommandError> {
    let connection = Connection::open(invitation).await?;
    let result = serve_on(project, invitation, &connection).await;
    if let Err(error) = &result {
        let failure = StartFailure {
            error: error.with_causes(),
            hint: error.hint_text().map(str::to_owned),
            watched: project.settings().ok().map(|settings| watched(project, settings)),
        };
        connection.deliver(FromProgram::Failed(failure)).await;
    }
    result
}

async fn serve_on(
    project: &Project,
    invitation: &Invitation,
    connection: &Connection,
) -> Result<(), CommandError> {
    let (app, warnings) = checked(project)?;
    let settings = project.settings()?;
    let mut serving = Serving::prepare(project, app)?;
    let unapplied = unapplied_migrations(project, &serving).await?;
    let cannot_serve = |error| CommandError::because("no loopback port can be opened", error);
    let listener = Listener::bind(&format!("{}:0", Ipv4Addr::LOCALHOST)).await.map_err(cannot_serve)?;
    let log = Logging::dated(project.verbosity(), project.error_style()).install()?;
    if let Err(error) = serving.start().await {
        log.finish();
        return Err(error);
    }
    connection.send(FromProgram::Ready(ProgramReady {
        address: listener.local_addr(),
        debug: settings.debug,
        watched: watched(project, settings),
        warnings,
        unapplied,
        forgets_sessions: forgets_sessions(settings),
    }));
    let service = |app| Timed::new(Handed::new(app, &invitation.token), project.verbosity());
    serving.run_until(listener, service, connection.stopped(), connection.lost()).await;
    log.finish();
    Ok(())
}

/// The files that this program reads beside its sources.
fn watched(project: &Project, settings: &Settings) -> WatchedFiles {
    let absolute = |path: std::path::PathBuf| std::path::absolute(&path).unwrap_or(path);
    let file = project.settings_file().unwrap_or_default();
    let mut static_files = settings.staticfiles_dirs.clone();
    // The default folder is left out of the setting while it does not exist.
    static_files.push(settings.base_dir.join("static"));
    static_files.dedup();
    WatchedFiles {
        settings_file: absolute(file),
        migrations: absolute(settings.base_dir.join("migrations")),
        templates: settings.template_dirs.iter().cloned().map(absolute).collect(),
        static_files: static_files.into_iter().map(absolute).collect(),
    }
}

/// Where sessions are stored, if they end with the program.
fn forgets_sessions(settings: &Settings) -> Option<String> {
    let alias = &settings.session.cache_alias;
    let in_cache = settings.session.engine == "cache";
    let cache = settings.caches.get(alias).filter(|_| in_cache)?;
    (cache.backend == CacheBackend::Locmem).then(|| format!("the memory of the program (CACHES.{alias})"))
}
