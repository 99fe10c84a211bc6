//! Migrates the databases of an application under test.

use crate::{
    App, Result,
    migrations::{MigrationTarget, Migrations, Mode},
};

/// Migrates every database of the application, as `manage migrate` does.
///
/// Set `DATABASES.default.NAME` to `:memory:` to give each test an empty database of its own.
///
/// # Errors
///
/// Fails where [`App::check`] finds errors, or where a migration cannot be read or applied.
///
/// # Examples
///
/// ```
/// use nuages::{App, prelude::*, settings::Settings, testing::{self, Client}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
/// # let key = "0123456789".repeat(5);
/// # let dir = std::env::temp_dir();
/// let text = format!("SECRET_KEY = \"{key}\"\nDEBUG = true\n[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \":memory:\"");
/// let app = App::new(Settings::from_toml(&text, &dir)?);
/// testing::migrate(&app).await?;
/// let visitor = Client::new(app);
/// # Ok(()) }
/// ```
pub async fn migrate(app: &App) -> Result<()> {
    let migrations = Migrations::discover(app.settings())?;
    let databases = app.databases()?;
    for database in databases.aliases().filter_map(|alias| databases.get(alias)) {
        migrations.apply(database, &MigrationTarget::All, Mode::Run, &mut |_| {}).await?;
    }
    Ok(())
}
