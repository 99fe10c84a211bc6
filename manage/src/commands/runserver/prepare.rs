//! The steps before the port opens, which both ways of serving share.

use nuages::{App, db::Databases};

use crate::{
    CommandError, Project, Style,
    migration_notice::{migration_notice, unapplied},
};

/// A checked application with its databases.
pub(super) struct Prepared {
    pub(super) app: App,
    pub(super) databases: Databases,
    /// How many warnings the check gave.
    pub(super) warnings: usize,
}

/// Checks the project, as `check` does.
///
/// # Errors
///
/// Where the project has mistakes.
pub(super) fn prepare(project: &Project) -> Result<Prepared, CommandError> {
    let (app, warnings) = project.check_app()?;
    let settings = project.settings()?;
    if !settings.debug && settings.allowed_hosts.is_empty() {
        return Err(CommandError::new(
            "ALLOWED_HOSTS is empty and DEBUG is false: every request would be rejected",
        )
        .hint("name the hosts of this site in settings.toml: ALLOWED_HOSTS = [\"www.example.com\"]"));
    }
    let databases = app.databases().map_err(|errors| project.unusable(errors))?;
    Ok(Prepared { app, databases, warnings })
}

/// Returns the apps with unapplied migrations.
///
/// # Errors
///
/// Where the migrations of the project cannot be read. A database that cannot be reached is a warning: the
/// server starts without it, and requests that need it get a 503 until it is there.
pub(super) async fn unapplied_migrations(
    project: &Project,
    databases: &Databases,
) -> Result<Vec<(String, usize)>, CommandError> {
    let unreadable = |error| CommandError::because("the migrations cannot be read", error);
    match unapplied(project.settings()?, databases).await.map_err(unreadable)? {
        Ok(apps) => Ok(apps),
        Err(error) => {
            let error = CommandError::because("the applied migrations cannot be read", error);
            let style: Style = project.style();
            project.say(format_args!("\n{}", style.warning(format!("warning: {}", error.with_causes()))));
            Ok(Vec::new())
        }
    }
}

/// Prints the notice of unapplied migrations, if there are any.
pub(super) fn say_unapplied(project: &Project, apps: &[(String, usize)]) {
    if let Some(notice) = migration_notice(apps) {
        project.say(project.style().notice(notice));
    }
}
