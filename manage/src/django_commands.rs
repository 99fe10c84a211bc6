//! Django's commands that Nuages does not have, with what to do instead. `cli` prints it for their names.

use crate::CommandError;

/// The name of each command and the hint. Built-in commands of Django 6.0 and of its contrib apps.
const ADVICE: [(&str, &str); 21] = [
    (
        "changepassword",
        "Nuages reads Django's users and does not change them: run this command of the Django site",
    ),
    (
        "collectstatic",
        "in production, let the web server serve the folders of STATICFILES_DIRS below STATIC_URL",
    ),
    ("compilemessages", "Nuages translates nothing"),
    ("createcachetable", "caches are in memory or in Redis: BACKEND = \"locmem\" or \"redis\" in CACHES"),
    (
        "createsuperuser",
        "Nuages reads Django's users and does not create them: run this command of the Django site",
    ),
    ("dumpdata", "use the database's own tool: `sqlite3 FILE .dump` or `pg_dump`"),
    (
        "findstatic",
        "static files are in the folders of STATICFILES_DIRS: `manage diffsettings --all` shows them",
    ),
    (
        "flush",
        "`manage sessions revoke --all` ends all sessions; `manage migrate APP zero` drops the tables of an app",
    ),
    ("inspectdb", "Nuages has no models: query the tables with SQL"),
    ("loaddata", "use the database's own client: `sqlite3 FILE < data.sql` or `psql -f data.sql`"),
    ("makemessages", "Nuages translates nothing"),
    (
        "makemigrations",
        "`manage makemigration APP NAME` writes an empty migration for your SQL; `manage migrate` applies it",
    ),
    ("ogrinspect", "Nuages has no models: query the tables with SQL"),
    ("optimizemigration", "migrations are SQL files in migrations/<app>: edit them before they are applied"),
    ("remove_stale_contenttypes", "Nuages has no content types: run this command of the Django site"),
    ("sendtestemail", "Nuages sends no mail"),
    (
        "shell",
        "write a test, which `cargo test` runs, or a command of your own; `manage sessions show` shows a session",
    ),
    ("sqlflush", "`manage migrate APP zero` drops the tables of an app"),
    ("sqlsequencereset", "use the database's own client: `SELECT setval(...)` in psql"),
    (
        "squashmigrations",
        "migrations are SQL files in migrations/<app>: write one that replaces them for new databases",
    ),
    ("testserver", "run `manage test`: nuages::testing::Client sends requests to the application"),
];

/// Returns the error for a command that Django has and Nuages does not.
pub(crate) fn error_for(name: &str) -> Option<CommandError> {
    let (_, hint) = ADVICE.iter().find(|(known, _)| *known == name)?;
    Some(CommandError::new(format!("Nuages does not have Django's command '{name}'")).hint(*hint))
}
