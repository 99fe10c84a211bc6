//! Settings of Django's (5.2) that Nuages knows of and does not have: what to do instead.
//!
//! Such a name is an error, for a setting that does nothing misleads whoever wrote it.

/// What to do instead of setting `name`; none where Django has no such setting either.
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

/// What to do instead of an entry of `DATABASES.<alias>` or `CACHES.<alias>`, told by its path without
/// the alias.
pub(super) fn nested_advice(path: &[String]) -> Option<&'static str> {
    let (top, below) = (path.first()?, path.get(2..)?.join("."));
    let advice = match (top.as_str(), below.as_str()) {
        ("DATABASES", "CONN_MAX_AGE" | "CONN_HEALTH_CHECKS" | "OPTIONS.pool") => {
            "remove it: connections are always pooled and checked: CONN_POOL_SIZE limits them"
        }
        ("DATABASES", "ATOMIC_REQUESTS" | "AUTOCOMMIT") => {
            "remove it: each write is a transaction of its own, and a closure makes one of several statements"
        }
        ("DATABASES", "TIME_ZONE") => "remove it: times are stored in UTC",
        ("DATABASES", "TEST") => "remove it: tests write a settings file of their own",
        ("DATABASES", "OPTIONS.transaction_mode" | "OPTIONS.init_command") => {
            "remove it: one thread does all writes and begins each transaction as IMMEDIATE, with WAL journal"
        }
        ("DATABASES", "DISABLE_SERVER_SIDE_CURSORS" | "OPTIONS.isolation_level") => {
            "remove it: it has no counterpart here"
        }
        ("CACHES", "KEY_FUNCTION") => {
            "remove it: keys are KEY_PREFIX:VERSION:key, as Django makes them by default"
        }
        ("CACHES", "OPTIONS.CULL_FREQUENCY") => {
            "remove it: past MAX_ENTRIES the oldest entries go one by one"
        }
        ("CACHES", "OPTIONS.db") => "put the number into the URL: redis://host:6379/1",
        _ => return None,
    };
    Some(advice)
}

const NO_TRANSLATION: &str = "remove it: Nuages translates and localises nothing; texts are as templates say";
const NO_MAIL: &str = "remove it: Nuages sends no mail; a crate such as lettre does, set up under [project]";
const NO_UPLOADS: &str =
    "remove it: DATA_UPLOAD_MAX_MEMORY_SIZE and DATA_UPLOAD_MAX_NUMBER_FIELDS are the limits";
const UTC: &str = "remove it: moments are stored and shown in UTC";
const SQL: &str = "remove it: there are no models; a migration is an SQL file in migrations/<app>/";
const IN_VIEWS: &str =
    "remove it: the view or middleware that needs it says it; what differs by site goes under [project]";

/// Names (`*` = whatever follows) and what to do instead.
#[rustfmt::skip] // one row a line, so that it reads as the table it is
const ADVICE: &[(&[&str], &str)] = &[
    (&["BASE_DIR"], "remove it: relative paths start at the folder of the settings file"),
    (&["INSTALLED_APPS"], "remove it: an app is a Rust module; include(..) its routes in src/urls.rs"),
    (&["MIDDLEWARE"], "remove it: Django's own stack is always there; add to it with App::middleware in src/main.rs"),
    (&["ROOT_URLCONF"], "remove it: src/main.rs passes the routes to App::urls"),
    (&["WSGI_APPLICATION", "ASGI_APPLICATION"], "remove it: the project's program is its own server"),
    (&["TEMPLATES", "FORM_RENDERER"], "write TEMPLATE_DIRS = [\"templates\"]: templates are minijinja's, and need no more"),
    (&["TIME_ZONE", "USE_TZ"], UTC),
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
    (&["STATIC_ROOT", "STATICFILES_FINDERS", "STORAGES"], "remove it: static files are served from STATICFILES_DIRS as they are"),
    (&["STATICFILES_STORAGE", "DEFAULT_FILE_STORAGE"], "remove it: static files are served from STATICFILES_DIRS as they are"),
    (&["MEDIA_*"], "remove it: where uploads go is the project's own; put the folder under [project]"),
    (&["FILE_UPLOAD_*", "DATA_UPLOAD_MAX_NUMBER_FILES"], NO_UPLOADS),
    (&["DEFAULT_AUTO_FIELD", "DEFAULT_TABLESPACE", "DEFAULT_INDEX_TABLESPACE", "ABSOLUTE_URL_OVERRIDES", "FIXTURE_DIRS", "TEST_NON_SERIALIZED_APPS"], SQL),
    (&["DATABASE_ROUTERS"], "remove it: a view names the database it wants by its alias"),
    (&["MIGRATION_MODULES"], "remove it: migrations are in migrations/<app>/ beside the settings file"),
    (&["CACHE_MIDDLEWARE_*"], "remove it: there is no page cache; send Cache-Control, and let a proxy do it"),
    (
        &["AUTH_*", "AUTHENTICATION_BACKENDS", "PASSWORD_*", "LOGIN_URL", "LOGIN_REDIRECT_URL", "LOGOUT_REDIRECT_URL"],
        IN_VIEWS,
    ),
    (&["MESSAGE_*", "CSRF_FAILURE_VIEW", "DISALLOWED_USER_AGENTS"], IN_VIEWS),
    (&["CSRF_USE_SESSIONS"], "remove it: the CSRF secret is kept in its cookie, Django's default"),
    (&["FORCE_SCRIPT_NAME"], "remove it: put the prefix before the routes with include(..)"),
    (&["USE_X_FORWARDED_PORT"], "remove it: a proxy puts the port into X-Forwarded-Host (USE_X_FORWARDED_HOST)"),
    (&["SIGNING_BACKEND", "SIGNED_COOKIE_LEGACY_SALT_FALLBACK"], "remove it: cookies are signed as Django's default backend signs them"),
    (&["TEST_RUNNER"], "remove it: cargo test runs the tests"),
    (&["SECURE_BROWSER_XSS_FILTER"], "remove it: browsers no longer have that filter, and Django dropped the setting in 4.0"),
    (&["DEBUG_PROPAGATE_EXCEPTIONS", "DEFAULT_EXCEPTION_REPORTER*", "SILENCED_SYSTEM_CHECKS"], "remove it: it has no counterpart here"),
];
