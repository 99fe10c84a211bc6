//! The steps before the port opens, which both ways of serving share.

use nuages::App;

use crate::{CommandError, Project, Style, commands::serving::Serving, migration_notice::unapplied};

/// Checks the project, as `check` does. Returns the application, and how many warnings there were.
///
/// # Errors
///
/// Where the project has mistakes.
pub(super) fn checked(project: &Project) -> Result<(App, usize), CommandError> {
    let (app, warnings) = project.check_app()?;
    let settings = project.settings()?;
    if !settings.debug && settings.allowed_hosts.is_empty() {
        return Err(CommandError::new(
            "ALLOWED_HOSTS is empty and DEBUG is false: every request would be rejected",
        )
        .hint("name the hosts of this site in settings.toml: ALLOWED_HOSTS = [\"www.example.com\"]"));
    }
    Ok((app, warnings))
}

/// Returns the apps with unapplied migrations.
///
/// # Errors
///
/// Where the migrations of the project cannot be read. A database that cannot be reached is a warning: the
/// server starts without it, and requests that need it get a 503 until it is there.
pub(super) async fn unapplied_migrations(
    project: &Project,
    serving: &Serving,
) -> Result<Vec<(String, usize)>, CommandError> {
    let unreadable = |error| CommandError::because("the migrations cannot be read", error);
    match unapplied(project.settings()?, serving.databases()).await.map_err(unreadable)? {
        Ok(apps) => Ok(apps),
        Err(error) => {
            let error = CommandError::because("the applied migrations cannot be read", error);
            let style: Style = project.style();
            project.say(format_args!("\n{}", style.warning(format!("warning: {}", error.with_causes()))));
            Ok(Vec::new())
        }
    }
}
