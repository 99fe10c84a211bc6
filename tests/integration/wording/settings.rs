//! Errors in settings: from the file, from the environment, and for what does not fit together.

use std::{fs, path::Path};

use nuages::settings::{Settings, SettingsErrors};

use super::assert_wording;

fn read(text: &str) -> SettingsErrors {
    Settings::from_toml(text, Path::new("/srv/site")).expect_err(text)
}

#[test]
fn one_mistake_each() {
    let mut shown = String::new();
    for text in [
        "DEBUG = false",
        "SECRET_KEY_FALLBACKS = [\"\"]",
        "ALLOWED_HOSTS = \"a.example\"",
        "ALLOWED_HOSTS = [\"https://a.example\"]",
        "ALLOWED_HOSTS = [\"a.example:80\"]",
        "ALLOWED_HOSTS = [\"*.a.example\"]",
        "INTERNAL_IPS = [\"localhost\"]",
        "STATIC_URL = \"/static\"",
        "SESSION_COOKIE_AGE = 0",
        "SESSION_COOKIE_AGE = 99999999999",
        "SESSION_COOKIE_NAME = \"a b\"",
        "SESSION_COOKIE_PATH = \"app\"",
        "SESSION_COOKIE_PATH = \"/;x\"",
        "SESSION_COOKIE_DOMAIN = \"a.example:80\"",
        "SESSION_COOKIE_SAMESITE = \"None\"",
        "SESSION_COOKIE_SAMESITE = \"Loose\"",
        "SESSION_COOKIE_NAME = \"__Host-id\"",
        "CSRF_COOKIE_NAME = \"__Secure-c\"",
        "CSRF_COOKIE_NAME = \"sessionid\"",
        "SESSION_SERIALIZER = \"django.contrib.sessions.serializers.PickleSerializer\"",
        "SESSION_SERIALIZER = \"mine\"",
        "SESSION_ENGINE = \"file\"\nSESSION_FILE_PATH = \"nowhere\"",
        "SESSION_RENEW_AFTER = 1209600",
        "SESSION_INTERRUPTED = \"explode\"",
        "INSTALLED_APPS = []",
        "STRIPE = \"x\"",
        "DATABASES = \"db\"",
        "project = 1",
        "[DATABASES.other]\nENGINE = \"sqlite3\"\nNAME = \"x\"",
        "[DATABASES.default]\nENGINE = \"sqlite3\"",
        "[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"x\"\nHOST = \"h\"",
        "[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"x\"\nCONN_MAX_AGE = 1",
        "[DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"x\"\nDEBUG = true",
        "[CACHES.default]\nBACKEND = \"redis\"",
        "[CACHES.default]\nBACKEND = \"redis\"\nLOCATION = \"cache\"",
        "[CACHES.default]\nBACKEND = \"dummy\"",
        "[CACHES.default]\nBACKEND = \"locmem\"\nOPTIONS = { x = 1 }",
        "CSRF_TRUSTED_ORIGINS = [\"a.example\"]",
        "CSRF_HEADER_NAME = \"a b\"",
        "SECURE_REDIRECT_EXEMPT = [\"^health/(\"]",
        "SECURE_REFERRER_POLICY = \"all\"",
        "SERVER_MAX_HEADER_BYTES = 100",
        "SERVER_HEADER_TIMEOUT = 0",
        "[project]\nDEBUG = true",
    ] {
        let key = if text.starts_with("SECRET_KEY =") { "" } else { "SECRET_KEY = \"x\"\n" };
        let all = format!("{key}DEBUG = true\n{text}\n");
        let errors = read(&all);
        shown += &format!("{text}\n  -> {}\n\n", errors.to_string().replace('\n', "\n     "));
    }
    assert_wording("settings", &shown);
}

#[test]
fn mistakes_together_and_in_the_environment() {
    let file = "SESION_COOKIE_AGE = 60\nDEBUG = \"True\"\nTEMPLATES = []\nSESSION_COOKIE_AGE = \"long\"\n\
                [DATABASES.default]\nENGINE = \"mysql\"\nNAM = \"db\"\nNAME = \"db\"";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("settings.toml");
    fs::write(&path, file).expect("written");
    let variables = [("NUAGES_DEBG", "1"), ("NUAGES_APPEND_SLASH", "maybe")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let errors = Settings::load_with(&path, variables).expect_err("mistakes").to_string();
    let errors = errors.replace(&folder.path().display().to_string(), "/srv/site");
    let production = read("SECRET_KEY = \"x\"");
    let python = read("SECRET_KEY = \"x\"\nDEBUG = True\nSECRET_KEY = \"y\"");
    let none = Settings::load_with(Path::new("no/settings.toml"), []).expect_err("no file");
    assert_wording("settings_together", &format!("{errors}\n\n{production}\n\n{python}\n\n{none}\n"));
}
