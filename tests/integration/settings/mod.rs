//! Settings that a file and the environment give, and where each comes from.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use nuages::settings::{
    CacheBackend, DatabaseEngine, SameSite, Settings, SettingsErrors, Synchronous, ValueOrigin,
    XFrameOptions, known,
};

mod check_command;
mod deployment;
mod differences;
mod mistakes;
mod time_zone;

const MINIMAL: &str = "SECRET_KEY = \"hunter2\"\nDEBUG = true\n";

fn read(text: &str) -> Result<Settings, SettingsErrors> {
    Settings::from_toml(text, Path::new("/srv/site"))
}

/// Reads `text` after the two lines that every file needs: its first line is the third.
fn with(text: &str) -> Result<Settings, SettingsErrors> {
    read(&format!("{MINIMAL}{text}"))
}

fn with_environment(text: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsErrors> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.toml");
    fs::write(&file, format!("{MINIMAL}{text}")).expect("a file");
    Settings::load_with(&file, variables.iter().map(|(name, value)| (name.to_string(), value.to_string())))
}

/// The errors of a text that must be refused.
fn refusal(text: &str) -> String {
    with(text).expect_err(text).to_string()
}

#[test]
fn a_minimal_file_has_djangos_defaults() {
    let settings = with("").expect("settings");
    let session = &settings.session;
    assert_eq!(session.engine, "db");
    assert_eq!(session.cookie_age, Duration::from_secs(1_209_600));
    assert_eq!((session.cookie_name.as_str(), session.cookie_path.as_str()), ("sessionid", "/"));
    assert_eq!((session.cookie_samesite, &session.cookie_domain), (Some(SameSite::Lax), &None));
    assert!(session.cookie_httponly && !session.cookie_secure && !session.save_every_request);
    assert_eq!(session.file_path, std::env::temp_dir());
    assert_eq!((session.absolute_age, session.renew_after, session.hash_keys), (None, None, false));
    assert!(!session.interrupted_is_error);
    assert!(settings.databases.is_empty());
    assert_eq!(settings.caches["default"].backend, CacheBackend::Locmem);
    assert_eq!(settings.csrf.cookie_age, Some(Duration::from_secs(31_449_600)));
    assert_eq!(settings.csrf.header_name, "X-CSRFToken");
    assert_eq!(settings.security.x_frame_options, XFrameOptions::Deny);
    assert_eq!(settings.security.referrer_policy.as_deref(), Some("same-origin"));
    assert!(settings.append_slash && settings.security.content_type_nosniff);
    assert_eq!(settings.server.data_upload_max_memory_size, Some(2_621_440));
    assert_eq!(settings.template_dirs, [Path::new("/srv/site/templates")]);
    assert!(settings.staticfiles_dirs.is_empty(), "a default folder that does not exist is skipped");
}

#[test]
fn djangos_dotted_names_are_the_short_ones() {
    for engine in ["db", "cache", "cached_db", "file", "signed_cookies"] {
        let text = format!("SESSION_ENGINE = \"django.contrib.sessions.backends.{engine}\"");
        assert_eq!(with(&text).expect("settings").session.engine, engine);
    }
    assert_eq!(with("SESSION_ENGINE = \"mine\"").expect("registered later").session.engine, "mine");
    let settings = with(
        r#"
        SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
        [DATABASES.default]
        ENGINE = "django.db.backends.postgresql"
        NAME = "site"
        PORT = "5433"
        [CACHES.default]
        BACKEND = "django.core.cache.backends.redis.RedisCache"
        LOCATION = "redis://a:6379;redis://b:6379"
        "#,
    )
    .expect("settings");
    assert_eq!(settings.databases["default"].engine, DatabaseEngine::Postgresql);
    assert_eq!(settings.databases["default"].port, 5433);
    assert_eq!(settings.caches["default"].backend, CacheBackend::Redis);
    assert_eq!(settings.caches["default"].location, ["redis://a:6379", "redis://b:6379"]);
}

#[test]
fn relative_paths_start_at_the_settings_file() {
    let settings = with(
        r#"
        SESSION_FILE_PATH = "sessions"
        TEMPLATE_DIRS = ["html", "/opt/html"]
        STATICFILES_DIRS = ["assets"]
        [DATABASES.default]
        ENGINE = "sqlite3"
        NAME = "db.sqlite3"
        OPTIONS = { timeout = 0.5, synchronous = "full" }
        [DATABASES.scratch]
        ENGINE = "sqlite3"
        NAME = ":memory:"
        "#,
    )
    .expect("settings");
    assert_eq!(settings.session.file_path, Path::new("/srv/site/sessions"));
    assert_eq!(settings.template_dirs, [Path::new("/srv/site/html"), Path::new("/opt/html")]);
    assert_eq!(settings.staticfiles_dirs, [Path::new("/srv/site/assets")]);
    let database = &settings.databases["default"];
    assert_eq!(database.name, "/srv/site/db.sqlite3");
    assert_eq!(database.timeout, Duration::from_millis(500));
    assert_eq!(database.synchronous, Synchronous::Full);
    assert_eq!(settings.databases["scratch"].name, ":memory:");
}

#[test]
fn what_django_writes_as_none_is_none() {
    let settings = with(
        r#"
        DATA_UPLOAD_MAX_MEMORY_SIZE = "none"
        CSRF_COOKIE_AGE = "none"
        SECURE_REFERRER_POLICY = "none"
        SESSION_COOKIE_DOMAIN = ""
        SESSION_COOKIE_SAMESITE = false
        CSRF_COOKIE_SAMESITE = "none"
        CSRF_COOKIE_SECURE = true
        SECURE_PROXY_SSL_HEADER = ["HTTP_X_FORWARDED_PROTO", "https"]
        CACHES = { default = { BACKEND = "locmem", TIMEOUT = "none" } }
        "#,
    )
    .expect("settings");
    assert_eq!(settings.server.data_upload_max_memory_size, None);
    assert_eq!(settings.csrf.cookie_age, None);
    assert_eq!(settings.security.referrer_policy, None);
    assert_eq!(settings.session.cookie_domain, None);
    assert_eq!(settings.session.cookie_samesite, None);
    assert_eq!(settings.csrf.cookie_samesite, Some(SameSite::None));
    assert_eq!(settings.caches["default"].timeout, None);
    let header = settings.security.proxy_ssl_header.expect("a header");
    assert_eq!(header, ("X-FORWARDED-PROTO".to_owned(), "https".to_owned()));
}

#[test]
fn the_environment_overrides_the_file() {
    let file = "SESSION_COOKIE_AGE = 60\n[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"a\"\n";
    let settings = with_environment(
        file,
        &[
            ("NUAGES_DEBUG", "False"),
            ("NUAGES_SESSION_COOKIE_AGE", "3600"),
            ("NUAGES_SECRET_KEY", "12345"),
            ("NUAGES_ALLOWED_HOSTS", "a.example, b.example"),
            ("NUAGES_INTERNAL_IPS", "[\"127.0.0.1\"]"),
            ("NUAGES_SESSION_COOKIE_SAMESITE", "false"),
            ("NUAGES_DATABASES__DEFAULT__NAME", "/data/b"),
            ("NUAGES_DATABASES__default__OPTIONS__timeout", "1.5"),
            ("NUAGES_CACHES__default__BACKEND", "locmem"),
            ("NUAGES_SETTINGS", "elsewhere.toml"),
            ("HOME", "/root"),
        ],
    )
    .expect("settings");
    assert!(!settings.debug);
    assert_eq!(settings.session.cookie_age, Duration::from_secs(3600));
    assert_eq!(settings.secret_key, "12345");
    assert_eq!(settings.allowed_hosts, ["a.example", "b.example"]);
    assert_eq!(settings.internal_ips, ["127.0.0.1"]);
    assert_eq!(settings.session.cookie_samesite, None);
    assert_eq!(settings.databases["default"].name, "/data/b");
    assert_eq!(settings.databases["default"].timeout, Duration::from_millis(1500));
    let origin = ValueOrigin::Environment("NUAGES_SESSION_COOKIE_AGE".to_owned());
    assert_eq!(settings.origin("SESSION_COOKIE_AGE"), origin);
}

#[test]
fn a_host_cookie_is_accepted_with_all_it_needs() {
    let settings = with("SESSION_COOKIE_NAME = \"__Host-id\"\nSESSION_COOKIE_SECURE = true");
    assert_eq!(settings.expect("settings").session.cookie_name, "__Host-id");
    let text = "SESSION_COOKIE_NAME = \"__Host-id\"\nSESSION_COOKIE_SECURE = true\nSESSION_COOKIE_PATH = \"/a\"\n\
                SESSION_COOKIE_DOMAIN = \"a.example\"";
    assert!(refusal(text).contains("without SESSION_COOKIE_PATH = \"/\" and no SESSION_COOKIE_DOMAIN"));
}

#[test]
fn secrets_are_never_shown() {
    let texts = [
        "SECRET_KEY = \"hunter2\"\nSECRET_KEYS = \"hunter2\"\nSECRET_KEY_FALLBACKS = \"hunter2\"\n\
         STRIPE = \"hunter2\"\n[DATABASES.default]\nPASSWORD = [\"hunter2\"]\nPASWORD = \"hunter2\"\n\
         [CACHES.default]\nBACKEND = \"redis\"\nLOCATION = \"http://u:hunter2@h\"\n",
        "SECRET_KEY = \"hunter2\nSECRET_KEY = \"\"\"hunter2\nSECRET_KEY = hunter2\nSECRET_KEY = 'hunter2'x",
    ];
    for text in texts {
        let errors = read(text).expect_err("mistakes");
        assert!(!format!("{errors} {errors:?}").contains("hunter2"), "{errors}");
    }
    let settings = with(
        "SECRET_KEY_FALLBACKS = [\"hunter2\"]\n[DATABASES.default]\nENGINE = \"postgresql\"\nNAME = \"n\"\n\
         PASSWORD = \"hunter2\"\n[CACHES.default]\nBACKEND = \"redis\"\nLOCATION = \"redis://:hunter2@h\"\n\
         [project]\nstripe.api_key = \"hunter2\"\nfeed = \"https://u:hunter2@feed.example\"\n",
    )
    .expect("settings");
    assert!(!format!("{settings:?} {:?}", settings.provenance()).contains("hunter2"));
    assert!(!settings.error("SECRET_KEY", "too short").to_string().contains("hunter2"));
    #[derive(Debug, serde::Deserialize)]
    struct Project {
        #[serde(rename = "feed")]
        _feed: u8,
    }
    let error = settings.project::<Project>().expect_err("not a number").to_string();
    assert!(error.contains("project.feed") && !error.contains("hunter2"), "{error}");
}

#[test]
fn provenance_names_who_set_what() {
    let file = "[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"a\"\n[project]\npage_size = 20\n";
    let settings = with_environment(file, &[("NUAGES_APPEND_SLASH", "false")]).expect("settings");
    let rows = settings.provenance().iter();
    let rows: BTreeMap<_, _> = rows.map(|row| (row.name.as_str(), row)).collect();
    let row = |name: &str| (rows[name].value.as_str(), rows[name].origin.to_string());
    assert_eq!(row("SECRET_KEY").0, "********");
    assert!(row("SECRET_KEY").1.ends_with("settings.toml:1"));
    assert_eq!(row("APPEND_SLASH"), ("false", "environment NUAGES_APPEND_SLASH".to_owned()));
    assert_eq!(row("SESSION_COOKIE_AGE"), ("1209600", "default".to_owned()));
    assert_eq!(row("CACHES.default.BACKEND"), ("\"locmem\"", "default".to_owned()));
    assert_eq!(row("DATABASES.default.NAME").0, "\"a\"");
    assert!(row("project.page_size").1.ends_with("settings.toml:7"));
    for setting in known() {
        let name = setting.name().replace("<alias>", "default");
        assert!(rows.contains_key(name.as_str()), "{name} is never read");
    }
}

#[test]
fn a_project_reads_its_own_table() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Project {
        page_size: usize,
        title: String,
    }
    let file = "[project]\npage_size = 20\ntitle = \"News\"\n";
    let variables = [("NUAGES_PROJECT__page_size", "50"), ("NUAGES_PROJECT__TITLE", "7")];
    let settings = with_environment(file, &variables).expect("settings");
    let expected = Project { page_size: 50, title: "7".to_owned() };
    assert_eq!(settings.project::<Project>().expect("a project"), expected);
}

#[test]
fn an_unknown_engine_is_reported_beside_other_mistakes() {
    let text = "SECRET_KEY = 'x'\nDEBUG = true\nSESSION_ENGINE = 'rediss'\nSESSION_CACHE_ALIAS = 'other'\n\
                [CACHES.default]\nBACKEND = 'redis'\nLOCATION = 'redis://localhost/?nonsense=1'\n";
    let settings = Settings::from_toml(text, ".".as_ref()).expect("each value is possible");
    let report = nuages::sessions::SessionEngine::from_settings(&settings)
        .map(drop)
        .expect_err("two mistakes")
        .to_string();
    assert!(report.contains("CACHES.default"), "{report}");
    assert!(
        report.contains(
            "SESSION_ENGINE = \"rediss\": no such engine (known: cache, cached_db, db, file, signed_cookies)"
        ),
        "{report}"
    );
}
