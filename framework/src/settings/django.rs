//! Advice for the settings of Django (4.2 to 6.1) and its bundled apps that Nuages does not have.
//!
//! Each of them is an error, since a setting that does nothing misleads its reader.

/// Returns what to do instead of setting `name`, or none if Django has no such setting either.
pub(super) fn advice(name: &str) -> Option<&'static str> {
    ADVICE
        .iter()
        .find(|(names, _)| {
            names.iter().any(|known| match known.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => *known == name,
            })
        })
        .map(|(_, advice)| *advice)
}

/// Returns what to do instead of an entry of `DATABASES.<alias>` or `CACHES.<alias>`.
pub(super) fn nested_advice(path: &[String]) -> Option<&'static str> {
    let (top, below) = (path.first()?, path.get(2..)?.join("."));
    let advice = match (top.as_str(), below.as_str()) {
        ("DATABASES", "CONN_MAX_AGE" | "CONN_HEALTH_CHECKS" | "OPTIONS.pool") => {
            "remove it: connections are always pooled and checked; CONN_POOL_SIZE limits their number"
        }
        ("DATABASES", "ATOMIC_REQUESTS" | "AUTOCOMMIT") => {
            "remove it: each write is its own transaction; a closure for `write` may run several statements"
        }
        ("DATABASES", "TIME_ZONE") => "remove it: USE_TZ and TIME_ZONE at the top apply to every database",
        ("DATABASES", "TEST") => "remove it: give the tests their own settings file",
        ("DATABASES", "OPTIONS.transaction_mode" | "OPTIONS.init_command") => {
            "remove it: one thread does all writes in IMMEDIATE transactions, and the journal is always WAL"
        }
        ("DATABASES", "DISABLE_SERVER_SIDE_CURSORS" | "OPTIONS.isolation_level") => {
            "remove it: Nuages has nothing like it"
        }
        ("CACHES", "KEY_FUNCTION") => "remove it: keys are KEY_PREFIX:VERSION:key, as by default in Django",
        ("CACHES", "OPTIONS.CULL_FREQUENCY") => {
            "remove it: beyond MAX_ENTRIES the oldest entries are removed one by one"
        }
        ("CACHES", "OPTIONS.db") => "put the number into the URL: redis://host:6379/1",
        _ => return None,
    };
    Some(advice)
}

const NO_TRANSLATION: &str = "remove it: Nuages has no translations and no localised formats";
const NO_MAIL: &str =
    "remove it: Nuages sends no mail; use a crate such as lettre, with its settings under [project]";
const NO_HANDLERS: &str =
    "remove it: files stay in memory up to FILE_UPLOAD_MAX_MEMORY_SIZE, then in FILE_UPLOAD_TEMP_DIR";
const SQL: &str = "remove it: there are no models; a migration is an SQL file in migrations/<app>/";
const IN_VIEWS: &str = "remove it: write it in the view or middleware that needs it, or put it under [project] if it differs by site";

/// Names (`*` stands for any ending) and what to do instead.
#[rustfmt::skip] // one row a line, so that it reads as the table it is
const ADVICE: &[(&[&str], &str)] = &[
    (&["BASE_DIR"], "remove it: relative paths start at the folder of the settings file"),
    (&["INSTALLED_APPS"], "remove it: an app is a Rust module; include(..) its routes in src/urls.rs"),
    (&["MIDDLEWARE"], "remove it: Django's default middleware is always active; add to it with App::middleware in src/main.rs"),
    (&["ROOT_URLCONF"], "remove it: src/main.rs passes the routes to App::urls"),
    (&["WSGI_APPLICATION", "ASGI_APPLICATION"], "remove it: the project's program is the server"),
    (&["TEMPLATES", "FORM_RENDERER"], "write TEMPLATE_DIRS = [\"templates\"]; minijinja renders the templates and needs no other setting"),
    (
        &[
            "LANGUAGE*", "LOCALE_PATHS", "USE_I18N", "USE_L10N", "FORMAT_MODULE_PATH", "DATE_*", "DATETIME_*",
            "TIME_*", "YEAR_MONTH_FORMAT", "MONTH_DAY_FORMAT", "SHORT_DATE*", "FIRST_DAY_OF_WEEK",
            "DECIMAL_SEPARATOR", "USE_THOUSAND_SEPARATOR", "NUMBER_GROUPING", "THOUSAND_SEPARATOR",
            "FORMS_URLFIELD_ASSUME_HTTPS",
        ],
        NO_TRANSLATION,
    ),
    (&["DEFAULT_CHARSET"], "remove it: everything is UTF-8"),
    (&["EMAIL_*", "SERVER_EMAIL", "DEFAULT_FROM_EMAIL", "ADMINS", "MANAGERS"], NO_MAIL),
    (&["LOGGING*"], "remove it: logs are events of the tracing crate; a subscriber in src/main.rs filters them"),
    (&["STATIC_ROOT", "STATICFILES_FINDERS", "STORAGES"], "remove it: static files are served unchanged from STATICFILES_DIRS"),
    (&["STATICFILES_STORAGE", "DEFAULT_FILE_STORAGE"], "remove it: static files are served unchanged from STATICFILES_DIRS"),
    (&["FILE_UPLOAD_HANDLERS"], NO_HANDLERS),
    (&["FILE_UPLOAD_PERMISSIONS", "FILE_UPLOAD_DIRECTORY_PERMISSIONS"], "remove it: saved files can be read by everybody (0644), Django's default, and folders follow the umask"),
    (&["DEFAULT_AUTO_FIELD", "DEFAULT_TABLESPACE", "DEFAULT_INDEX_TABLESPACE", "ABSOLUTE_URL_OVERRIDES", "FIXTURE_DIRS", "TEST_NON_SERIALIZED_APPS"], SQL),
    (&["DATABASE_ROUTERS"], "remove it: a view opens a database by its alias"),
    (&["MIGRATION_MODULES"], "remove it: migrations are in migrations/<app>/ beside the settings file"),
    (&["CACHE_MIDDLEWARE_*"], "remove it: Nuages does not cache pages; send Cache-Control for a proxy that does"),
    (
        &["AUTH_PASSWORD_VALIDATORS", "PASSWORD_*", "LOGIN_URL", "LOGIN_REDIRECT_URL", "LOGOUT_REDIRECT_URL"],
        IN_VIEWS,
    ),
    (&["CSRF_FAILURE_VIEW", "DISALLOWED_USER_AGENTS"], IN_VIEWS),
    (&["FORCE_SCRIPT_NAME"], "remove it: put the prefix before the routes with include(..)"),
    (&["SIGNING_BACKEND", "SIGNED_COOKIE_LEGACY_SALT_FALLBACK"], "remove it: cookies are signed as by Django's default backend"),
    (&["TASKS"], "remove it: Nuages has no task queue; App::on_start can spawn background work"),
    (&["URLIZE_ASSUME_HTTPS"], "remove it: the templates have no urlize filter"),
    (&["USE_BLANK_CHOICE_DASH"], "remove it: Nuages has no model forms; the template writes the empty choice"),
    (&["IGNORABLE_404_URLS"], "remove it: Nuages sends no mail about broken links; the access log has each 404"),
    (&["SITE_ID"], "remove it: there is no sites app; one program serves one site, whose hosts are in ALLOWED_HOSTS"),
    (&["CONN_MAX_AGE", "CONN_HEALTH_CHECKS"], "remove it: connections are always pooled and checked; CONN_POOL_SIZE in [DATABASES.default] limits their number"),
    (&["TEST_RUNNER"], "remove it: cargo test runs the tests"),
    (&["SECURE_BROWSER_XSS_FILTER"], "remove it: browsers no longer have that filter, and Django removed the setting in 4.0"),
    (&["DEBUG_PROPAGATE_EXCEPTIONS", "DEFAULT_EXCEPTION_REPORTER*"], "remove it: Nuages has nothing like it"),
];
