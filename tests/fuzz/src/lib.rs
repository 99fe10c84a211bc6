//! One function for each kind of input that comes from outside: it takes any bytes, and panics where
//! Nuages breaks a promise about them.
//!
//! The programs in `targets/` hand them to libFuzzer. The files in `corpus/` are run by an ordinary test,
//! so that an input that once broke a promise never breaks it again.

use std::{path::Path, sync::LazyLock};

use nuages::{
    App,
    http::{Cookies, QueryDict, Request, SetCookie},
    json,
    sessions::SessionEngine,
    settings::Settings,
    signing::Signer,
    testing::Client,
    urls::{Resolver, path},
};
use serde_json::{Map, Value};
use tokio::runtime::{Builder, Runtime};

const SETTINGS: &str = r#"
SECRET_KEY = "only for fuzzing: 5f2a7c9e1b3d4860a2c4e6f8b0d1e3f5"
DEBUG = true
SESSION_ENGINE = "signed_cookies"
"#;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));

fn settings() -> Settings {
    Settings::from_toml(SETTINGS, Path::new(".")).unwrap_or_else(|errors| panic!("{errors}"))
}

fn signer(settings: &Settings) -> Signer {
    Signer::from_settings(settings, "django.contrib.sessions.backends.signed_cookies")
}

/// A `Cookie` header: every pair that is read back from a header of ours is the pair that was written.
pub fn cookie_header(data: &[u8]) {
    let Ok(header) = std::str::from_utf8(data) else { return };
    let cookies = Cookies::parse(header);
    for (name, value) in cookies.iter() {
        assert!(cookies.get(name).is_some(), "`{name}` is listed and not found");
        let Ok(line) = SetCookie::new(name, value).to_header() else { continue };
        let line = line.to_str().expect("a header of visible ASCII");
        let pair = line.split(';').next().expect("the pair");
        assert_eq!(Cookies::parse(pair).get(name), Some(value), "`{pair}`");
    }
}

/// The text of a stored session, and the data in it: unsigned text never decodes, and whatever decodes is
/// the same after another encoding.
pub fn session_codec(data: &[u8]) {
    static ENGINE: LazyLock<(SessionEngine, Signer)> = LazyLock::new(|| {
        let settings = settings();
        let engine = SessionEngine::from_settings(&settings).unwrap_or_else(|errors| panic!("{errors}"));
        let signer = signer(&settings);
        (engine, signer)
    });
    let (engine, signer) = &*ENGINE;
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(engine.decode(text).is_err(), "data without our signature was accepted");
    if let Ok(values) = engine.decode(&signer.sign_at(text, std::time::SystemTime::now())) {
        let text = engine.encode(&values).expect("data that was loaded can be saved");
        assert_eq!(engine.decode(&text).ok(), Some(values));
    }
    if let Ok(values) = serde_json::from_str::<Map<String, Value>>(text) {
        // Data beyond the limits is an error before it is stored.
        if let Ok(text) = engine.encode(&values) {
            assert_eq!(engine.decode(&text).ok(), Some(values));
        }
    }
}

/// A URL pattern in the first line, a path in the rest: what a pattern matches has all its captures, and
/// reversing with them gives the path again.
pub fn url_pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (pattern, asked) = text.split_once('\n').unwrap_or((text, ""));
    let view = async |_: &mut Request| "";
    let Ok(resolver) = Resolver::new(vec![path(pattern, view).name("it")], []) else { return };
    if let Some(found) = resolver.resolve(asked) {
        assert_eq!(&*found.route_pattern, pattern);
        assert_eq!(found.params.len(), pattern.matches('<').count(), "`{pattern}` on `{asked}`");
    }
}

/// A settings file: it is read, or refused with at least one message.
pub fn settings_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(errors) = Settings::from_toml(text, Path::new(".")) {
        assert!(!errors.to_string().trim().is_empty());
    }
}

/// A query string or a form body: both are read alike, and a view gets a value or a 400.
pub fn form_body(data: &[u8]) {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let view = async |request: &mut Request| -> nuages::Result<String> {
            let pairs = request.form::<Vec<(String, String)>>().await?;
            Ok(json!(pairs).to_string())
        };
        Client::new(App::new(settings()).urls(vec![path("", view)]))
    });
    let request =
        CLIENT.post("/").header("Content-Type", "application/x-www-form-urlencoded").body(data.to_vec());
    let response = RUNTIME.block_on(async { request.await });
    assert!(matches!(response.status().as_u16(), 200 | 400), "{}", response.text());
    if let (200, Ok(text)) = (response.status().as_u16(), std::str::from_utf8(data)) {
        let pairs: Vec<(String, String)> = serde_json::from_str(&response.text()).expect("pairs");
        let query = QueryDict::parse(text);
        assert_eq!(
            query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>(),
            pairs
        );
    }
}

/// A multipart body with the boundary `b`: a view gets its fields and files, or the client a 400 or a 413; the
/// names are safe, small limits hold, and no temporary file is left.
pub fn multipart_body(data: &[u8]) {
    static SITE: LazyLock<(Client, tempfile::TempDir)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let lines = format!(
            "{SETTINGS}\nFILE_UPLOAD_TEMP_DIR = {:?}\nFILE_UPLOAD_MAX_MEMORY_SIZE = 8\n\
             DATA_UPLOAD_MAX_MEMORY_SIZE = 2000\nDATA_UPLOAD_MAX_NUMBER_FIELDS = 9\n\
             DATA_UPLOAD_MAX_NUMBER_FILES = 5",
            folder.path()
        );
        let settings = Settings::from_toml(&lines, folder.path()).unwrap_or_else(|errors| panic!("{errors}"));
        let view = async |request: &mut Request| -> nuages::Result<String> {
            let form = request.form_data().await?;
            let files = form.uploads("f");
            assert!(files.len() <= 5 && form.values("t").len() <= 9);
            for file in files {
                assert!(!file.name().is_empty() && !file.name().contains(['/', '\\', '\0', '\n']));
                assert_eq!(file.bytes().await?.len() as u64, file.size());
            }
            Ok(String::new())
        };
        (Client::new(App::new(settings).urls(vec![path("", view)])), folder)
    });
    let (client, folder) = &*SITE;
    let request =
        client.post("/").header("Content-Type", "multipart/form-data; boundary=b").body(data.to_vec());
    let response = RUNTIME.block_on(async { request.await });
    assert!(matches!(response.status().as_u16(), 200 | 400 | 413), "{}", response.text());
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "a file is left");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_payloads_reach_the_decoder() {
        let settings = settings();
        let engine = SessionEngine::from_settings(&settings).unwrap_or_else(|errors| panic!("{errors}"));
        let text = signer(&settings).sign_at("eyJhIjoxfQ", std::time::SystemTime::now());
        assert_eq!(engine.decode(&text).expect("signed data")["a"], 1);
    }
}
