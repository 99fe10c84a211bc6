//! Django's notice of unapplied migrations (`check_migrations` in django/core/management/base.py).

use nuages::{
    db::Databases,
    migrations::{MigrationError, Migrations},
    settings::Settings,
};

/// Returns the apps with unapplied migrations, sorted by name, each with how many it has.
pub(crate) async fn unapplied(
    settings: &Settings,
    databases: &Databases,
) -> Result<Result<Vec<(String, usize)>, MigrationError>, MigrationError> {
    let migrations = Migrations::discover(settings)?;
    let Some(database) = databases.get("default") else { return Ok(Ok(Vec::new())) };
    let unapplied = match migrations.unapplied(database).await {
        Ok(unapplied) => unapplied,
        Err(error) => return Ok(Err(error)),
    };
    let mut apps: Vec<(String, usize)> = Vec::new();
    for migration in unapplied {
        match apps.iter_mut().find(|(app, _)| app == migration.app()) {
            Some((_, count)) => *count += 1,
            None => apps.push((migration.app().to_owned(), 1)),
        }
    }
    apps.sort_unstable();
    Ok(Ok(apps))
}

/// Returns the notice; `None` if there is nothing to apply.
pub(crate) fn migration_notice(unapplied: &[(String, usize)]) -> Option<String> {
    if unapplied.is_empty() {
        return None;
    }
    let apps: Vec<&str> = unapplied.iter().map(|(app, _)| app.as_str()).collect();
    let count: usize = unapplied.iter().map(|(_, count)| count).sum();
    Some(format!(
        "\nYou have {count} unapplied migration(s). Your project may not work properly until you apply the \
         migrations for app(s): {}.\nRun `manage migrate` (or `cargo run -- migrate`) to apply them.",
        apps.join(", ")
    ))
}
