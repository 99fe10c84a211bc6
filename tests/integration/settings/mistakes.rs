//! Settings that are refused, and the error messages.

use std::path::Path;

use nuages::settings::{Settings, known};
use proptest::prelude::*;

use super::{read, refusal, with, with_environment};

#[test]
fn mistakes_in_the_environment_name_the_variable() {
    let variables =
        [("NUAGES_DEBG", "1"), ("NUAGES_APPEND_SLASH", "maybe"), ("NUAGES_SESSION_COOKIE_AGE", "long")];
    let errors = with_environment("", &variables).expect_err("mistakes").to_string();
    assert_eq!(
        errors,
        "3 mistakes in the settings\n\
         environment NUAGES_APPEND_SLASH: APPEND_SLASH = \"maybe\": expected true or false\n\
         environment NUAGES_DEBG: DEBG: no such setting\n    hint: did you mean DEBUG?\n\
         environment NUAGES_SESSION_COOKIE_AGE: SESSION_COOKIE_AGE = \"long\": \
         expected whole seconds, at least 1"
    );
}

#[test]
fn all_mistakes_are_reported_together_in_the_order_of_the_file() {
    let errors = read(
        "SESION_COOKIE_AGE = 60\nDEBUG = \"True\"\nALLOWED_HOSTS = [\"example.com\"]\n\
         SESSION_COOKIE_AGE = \"long\"\n[DATABASES.default]\nENGINE = \"mysql\"\nNAM = \"db\"\nNAME = \"db\"",
    );
    assert_eq!(
        errors.expect_err("mistakes").to_string(),
        "6 mistakes in the settings\n\
         SECRET_KEY: missing: expected a text that nobody can guess\n    \
         hint: use 50 random characters; `manage startproject` writes such a key\n\
         settings.toml:1:1: SESION_COOKIE_AGE: no such setting\n    hint: did you mean SESSION_COOKIE_AGE?\n\
         settings.toml:2:9: DEBUG = \"True\": expected true or false\n    hint: write true, without quotes\n\
         settings.toml:4:22: SESSION_COOKIE_AGE = \"long\": expected whole seconds, at least 1\n\
         settings.toml:6:10: DATABASES.default.ENGINE = \"mysql\": expected one of \"sqlite3\", \"postgresql\"\n\
         settings.toml:7:1: DATABASES.default.NAM: no such setting\n    hint: did you mean NAME?"
    );
}

#[test]
fn syntax_errors_are_reported_beside_other_mistakes() {
    let errors = read("SECRET_KEY = \"x\"\nDEBUG = True\nSESSION_COOKIE_AGE = \"long\"\nSECRET_KEY = \"y\"");
    assert_eq!(
        errors.expect_err("mistakes").to_string(),
        "3 mistakes in the settings\n\
         settings.toml:2:9: this is Python, not TOML\n    hint: write true in lower case\n\
         settings.toml:3:22: SESSION_COOKIE_AGE = \"long\": expected whole seconds, at least 1\n\
         settings.toml:4:1: SECRET_KEY: set twice"
    );
}

#[test]
fn a_file_that_is_not_there_says_where_to_name_one() {
    let error = Settings::load_with(Path::new("no/settings.toml"), []).expect_err("no file").to_string();
    assert!(error.starts_with("no settings file no/settings.toml\n    hint: "), "{error}");
    assert!(error.contains("NUAGES_SETTINGS"), "{error}");
}

#[test]
fn what_cannot_work_is_refused() {
    // Each: a text, and what the one mistake in it says.
    for (text, said) in [
        ("DEBUG = false", "set twice"),
        ("SECRET_KEY_FALLBACKS = [\"\"]", "anybody could sign"),
        ("ALLOWED_HOSTS = \"a.example\"", "put it into brackets: [\"a.example\"]"),
        ("ALLOWED_HOSTS = [\"https://a.example\"]", "\"https://a.example\" is not a host"),
        ("ALLOWED_HOSTS = [\"a.example:80\"]", "without a scheme, a port or a path"),
        ("ALLOWED_HOSTS = [\"*.a.example\"]", "write \".a.example\""),
        ("AUTHENTICATION_BACKENDS = []", "expected at least one backend"),
        ("AUTH_USER_MODEL = \"User\"", "expected an app and a model"),
        ("TIME_ZONE = \"Europe/Atlantis\"", "expected the name of a time zone\n    hint: names are those"),
        ("INTERNAL_IPS = [\"localhost\"]", "\"localhost\" is not an IP address"),
        ("STATIC_URL = \"/static\"", "expected a slash at the end"),
        ("SESSION_COOKIE_AGE = 0", "at least 1"),
        ("SESSION_COOKIE_AGE = 99999999999", "at most 3155760000 seconds"),
        ("SESSION_COOKIE_NAME = \"a b\"", "expected letters, digits"),
        ("SESSION_COOKIE_PATH = \"app\"", "begins with a slash"),
        ("SESSION_COOKIE_PATH = \"/;x\"", "without a semicolon"),
        ("SESSION_COOKIE_DOMAIN = \"a.example:80\"", "expected a domain"),
        ("SESSION_COOKIE_SAMESITE = \"None\"", "unless SESSION_COOKIE_SECURE is true"),
        ("SESSION_COOKIE_SAMESITE = \"Loose\"", "\"Lax\", \"Strict\", \"None\", or false"),
        ("SESSION_COOKIE_NAME = \"__Host-id\"", "without SESSION_COOKIE_SECURE = true"),
        ("CSRF_COOKIE_NAME = \"__Secure-c\"", "without CSRF_COOKIE_SECURE = true"),
        ("CSRF_COOKIE_NAME = \"sessionid\"", "another name than the session cookie's"),
        ("SESSION_SERIALIZER = \"django.contrib.sessions.serializers.PickleSerializer\"", "can run code"),
        ("SESSION_SERIALIZER = \"mine\"", "expected \"json\""),
        ("SESSION_ENGINE = \"file\"\nSESSION_FILE_PATH = \"nowhere\"", "no such folder: /srv/site/nowhere"),
        ("SESSION_RENEW_AFTER = 1209600", "must be less than SESSION_COOKIE_AGE"),
        ("SESSION_INTERRUPTED = \"explode\"", "one of \"drop\", \"error\""),
        ("INSTALLED_APPS = []", "does not have this Django setting"),
        ("STRIPE = \"x\"", "go under [project]"),
        ("DATABASES = \"db\"", "such as [DATABASES.default]"),
        ("project = 1", "such as [project]"),
        ("[DATABASES.other]\nENGINE = \"sqlite3\"\nNAME = \"x\"", "no database has the alias"),
        ("[DATABASES.default]\nENGINE = \"sqlite3\"", "DATABASES.default.NAME: missing"),
        ("[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"x\"\nHOST = \"h\"", "does nothing with ENGINE"),
        ("[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"x\"\nCONN_MAX_AGE = 1", "CONN_POOL_SIZE"),
        ("[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"x\"\nDEBUG = true", "top of the file"),
        ("[CACHES.default]\nBACKEND = \"redis\"", "expected the URL of the Redis server"),
        ("[CACHES.default]\nBACKEND = \"redis\"\nLOCATION = \"cache\"", "begins with redis://"),
        ("[CACHES.default]\nBACKEND = \"dummy\"", "one of \"locmem\", \"redis\""),
        ("[CACHES.default]\nBACKEND = \"locmem\"\nOPTIONS = { x = 1 }", "known here: MAX_ENTRIES"),
        ("CSRF_TRUSTED_ORIGINS = [\"a.example\"]", "is not an origin"),
        ("CSRF_HEADER_NAME = \"a b\"", "expected the name of a header"),
        ("SECURE_REDIRECT_EXEMPT = [\"^health/(\"]", "is not a regular expression"),
        ("SECURE_REFERRER_POLICY = \"all\"", "expected one or more of \"no-referrer\""),
        ("SERVER_MAX_HEADER_BYTES = 100", "at least 8192"),
        ("SERVER_HEADER_TIMEOUT = 0", "more than 0"),
        ("[project]\nDEBUG = true", "a setting of Nuages, not of the project"),
    ] {
        let errors = with(text).expect_err(text);
        assert_eq!(errors.0.len(), 1, "{text}: {errors}");
        assert!(errors.to_string().contains(said), "{text}: {errors}");
        assert!(errors.to_string().contains("settings.toml:") || text.starts_with('['), "{text}: {errors}");
    }
}

#[test]
fn hosts_must_be_named_in_production() {
    let error = read("SECRET_KEY = \"x\"").expect_err("no hosts").to_string();
    assert!(
        error.starts_with("ALLOWED_HOSTS: must name the hosts of this site if DEBUG is false"),
        "{error}"
    );
    assert!(read("SECRET_KEY = \"x\"\nALLOWED_HOSTS = [\"[::1]\", \".example.com\", \"*\"]").is_ok());
}

#[test]
fn every_setting_of_django_is_known_or_has_advice() {
    let names: Vec<_> = known().map(|setting| setting.name().split('.').next().unwrap_or_default()).collect();
    for name in DJANGO.split_whitespace().filter(|name| !names.contains(name)) {
        let said = refusal(&format!("{name} = 1"));
        assert!(said.contains("Nuages does not have this Django setting\n    hint: "), "{said}");
    }
}

/// Every name in `django/conf/global_settings.py` of Django 4.2 to 6.1, those that startproject adds, and those
/// of bundled apps or of a database that are often written at the top.
const DJANGO: &str = "
    CONN_HEALTH_CHECKS CONN_MAX_AGE IGNORABLE_404_URLS SECURE_CSP SECURE_CSP_REPORT_ONLY SITE_ID TASKS
    URLIZE_ASSUME_HTTPS USE_BLANK_CHOICE_DASH
    ABSOLUTE_URL_OVERRIDES ADMINS ALLOWED_HOSTS APPEND_SLASH ASGI_APPLICATION AUTHENTICATION_BACKENDS
    AUTH_PASSWORD_VALIDATORS AUTH_USER_MODEL BASE_DIR CACHES CACHE_MIDDLEWARE_ALIAS
    CACHE_MIDDLEWARE_KEY_PREFIX CACHE_MIDDLEWARE_SECONDS CSRF_COOKIE_AGE CSRF_COOKIE_DOMAIN
    CSRF_COOKIE_HTTPONLY CSRF_COOKIE_NAME CSRF_COOKIE_PATH CSRF_COOKIE_SAMESITE CSRF_COOKIE_SECURE
    CSRF_FAILURE_VIEW CSRF_HEADER_NAME CSRF_TRUSTED_ORIGINS CSRF_USE_SESSIONS DATABASES
    DATABASE_ROUTERS DATA_UPLOAD_MAX_MEMORY_SIZE DATA_UPLOAD_MAX_NUMBER_FIELDS
    DATETIME_FORMAT DATETIME_INPUT_FORMATS DATE_FORMAT DATE_INPUT_FORMATS
    DEBUG DEBUG_PROPAGATE_EXCEPTIONS DECIMAL_SEPARATOR DEFAULT_AUTO_FIELD DEFAULT_CHARSET
    DEFAULT_EXCEPTION_REPORTER DEFAULT_EXCEPTION_REPORTER_FILTER DEFAULT_FROM_EMAIL
    DEFAULT_INDEX_TABLESPACE DEFAULT_TABLESPACE DISALLOWED_USER_AGENTS EMAIL_BACKEND EMAIL_HOST
    EMAIL_HOST_PASSWORD EMAIL_HOST_USER EMAIL_PORT EMAIL_SSL_CERTFILE EMAIL_SSL_KEYFILE
    EMAIL_SUBJECT_PREFIX EMAIL_TIMEOUT EMAIL_USE_LOCALTIME EMAIL_USE_SSL EMAIL_USE_TLS
    FILE_UPLOAD_DIRECTORY_PERMISSIONS FILE_UPLOAD_HANDLERS
    FILE_UPLOAD_PERMISSIONS FIRST_DAY_OF_WEEK FIXTURE_DIRS FORCE_SCRIPT_NAME
    FORMAT_MODULE_PATH FORMS_URLFIELD_ASSUME_HTTPS FORM_RENDERER INSTALLED_APPS INTERNAL_IPS LANGUAGES
    LANGUAGES_BIDI LANGUAGE_CODE LANGUAGE_COOKIE_AGE LANGUAGE_COOKIE_DOMAIN LANGUAGE_COOKIE_HTTPONLY
    LANGUAGE_COOKIE_NAME LANGUAGE_COOKIE_PATH LANGUAGE_COOKIE_SAMESITE LANGUAGE_COOKIE_SECURE
    LOCALE_PATHS LOGGING LOGGING_CONFIG LOGIN_REDIRECT_URL LOGIN_URL LOGOUT_REDIRECT_URL MANAGERS
    MESSAGE_LEVEL MESSAGE_STORAGE MESSAGE_TAGS MIDDLEWARE MIGRATION_MODULES
    MONTH_DAY_FORMAT NUMBER_GROUPING PASSWORD_HASHERS PASSWORD_RESET_TIMEOUT PREPEND_WWW ROOT_URLCONF
    SECRET_KEY SECRET_KEY_FALLBACKS SECURE_CONTENT_TYPE_NOSNIFF SECURE_CROSS_ORIGIN_OPENER_POLICY
    SECURE_HSTS_INCLUDE_SUBDOMAINS SECURE_HSTS_PRELOAD SECURE_HSTS_SECONDS SECURE_PROXY_SSL_HEADER
    SECURE_REDIRECT_EXEMPT SECURE_REFERRER_POLICY SECURE_SSL_HOST SECURE_SSL_REDIRECT SERVER_EMAIL
    SESSION_CACHE_ALIAS SESSION_COOKIE_AGE SESSION_COOKIE_DOMAIN SESSION_COOKIE_HTTPONLY
    SESSION_COOKIE_NAME SESSION_COOKIE_PATH SESSION_COOKIE_SAMESITE SESSION_COOKIE_SECURE
    SESSION_ENGINE SESSION_EXPIRE_AT_BROWSER_CLOSE SESSION_FILE_PATH SESSION_SAVE_EVERY_REQUEST
    SESSION_SERIALIZER SHORT_DATETIME_FORMAT SHORT_DATE_FORMAT SIGNED_COOKIE_LEGACY_SALT_FALLBACK
    SIGNING_BACKEND SILENCED_SYSTEM_CHECKS STATICFILES_DIRS STATICFILES_FINDERS STATIC_ROOT STATIC_URL
    STORAGES TEMPLATES TEST_NON_SERIALIZED_APPS TEST_RUNNER THOUSAND_SEPARATOR TIME_FORMAT
    TIME_INPUT_FORMATS TIME_ZONE USE_I18N USE_THOUSAND_SEPARATOR USE_TZ USE_X_FORWARDED_HOST
    USE_X_FORWARDED_PORT WSGI_APPLICATION X_FRAME_OPTIONS YEAR_MONTH_FORMAT
";

proptest! {
    #[test]
    fn no_text_breaks_the_loader(text in "[A-Z_a-z0-9 .=\"'\\[\\]{},#\n\\\\é-]{0,200}") {
        let _ = read(&text);
        let _ = with(&text);
    }

    #[test]
    fn no_value_breaks_a_setting(
        row in 0..known().count(),
        value in prop_oneof![
            "[0-9a-z./:,;@ -]{0,20}".prop_map(|text| format!("{text:?}")),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| format!("{number:?}")),
            Just("true".to_owned()),
            Just("[\"a\", 1]".to_owned()),
            Just("{ a = 1 }".to_owned()),
            Just("1979-05-27".to_owned()),
        ],
    ) {
        let name = known().nth(row).expect("a row").name().replace("<alias>", "default");
        if !["SECRET_KEY", "DEBUG"].contains(&name.as_str()) {
            let _ = with(&format!("{name} = {value}"));
        }
        let variable = format!("NUAGES_{}", name.replace('.', "__"));
        let _ = with_environment("", &[(&variable, &value)]);
    }
}
