//! `check --deploy`: which settings it finds unsafe, how each is mended, and the options of the command.

use std::path::Path;

use nuages::{
    App,
    middleware::BuiltIn,
    settings::{CheckLevel, Settings, SystemCheck},
};

use crate::support::program::Program;

/// Fifty different characters.
const KEY: &str = "SECRET_KEY = \"qwertzuiopasdfghjklyxcvbnm1234567890QWERTZUIOPASDFG\"";
/// Settings without any finding.
const SAFE: &str = "\
SESSION_ENGINE = \"signed_cookies\"
ALLOWED_HOSTS = [\"www.example.com\"]
SECURE_HSTS_SECONDS = 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = true
SECURE_HSTS_PRELOAD = true
SECURE_SSL_REDIRECT = true
SESSION_COOKIE_SECURE = true
SESSION_COOKIE_NAME = \"__Host-sessionid\"
CSRF_COOKIE_SECURE = true
";

/// Sets a line of a settings file: the line of that name is replaced, or a new one is added.
fn set(text: &str, line: &str) -> String {
    let name = line.split_once('=').expect("NAME = value").0.trim();
    let is_other = |other: &&str| other.split_once('=').is_none_or(|(found, _)| found.trim() != name);
    let others: Vec<&str> = text.lines().filter(is_other).collect();
    format!("{line}\n{}\n", others.join("\n"))
}

fn found(text: &str) -> Vec<SystemCheck> {
    let settings = Settings::from_toml(text, Path::new("/srv/site"));
    settings.unwrap_or_else(|errors| panic!("{errors}\n{text}")).deployment_checks()
}

fn ids(text: &str) -> Vec<String> {
    found(text).into_iter().map(|check| check.id).collect()
}

#[test]
fn safe_settings_have_no_finding() {
    assert_eq!(found(&set(SAFE, KEY)), []);
}

#[test]
fn each_unsafe_setting_is_found_by_itself() {
    for (lines, id) in [
        ("SECURE_HSTS_SECONDS = 0", "security.W004"),
        ("SECURE_HSTS_INCLUDE_SUBDOMAINS = false", "security.W005"),
        ("SECURE_CONTENT_TYPE_NOSNIFF = false", "security.W006"),
        ("SECURE_SSL_REDIRECT = false", "security.W008"),
        ("SECRET_KEY = \"short\"", "security.W009"),
        ("SECRET_KEY = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "security.W009"),
        ("SECRET_KEY = \"django-insecure-qwertzuiopasdfghjklyxcvbnm1234567890QWER\"", "security.W009"),
        ("SESSION_COOKIE_SECURE = false\nSESSION_COOKIE_NAME = \"sessionid\"", "security.W012"),
        ("SESSION_COOKIE_HTTPONLY = false", "security.W015"),
        ("CSRF_COOKIE_SECURE = false", "security.W016"),
        ("DEBUG = true", "security.W018"),
        ("X_FRAME_OPTIONS = \"SAMEORIGIN\"", "security.W019"),
        ("DEBUG = true\nALLOWED_HOSTS = []", "security.W020"),
        ("SECURE_HSTS_PRELOAD = false", "security.W021"),
        ("SECURE_REFERRER_POLICY = \"none\"", "security.W022"),
        ("SECRET_KEY_FALLBACKS = [\"old\"]", "security.W025"),
        ("SESSION_COOKIE_NAME = \"sid\"", "nuages.W001"),
        ("ALLOWED_HOSTS = [\"*\"]", "nuages.W002"),
        ("SESSION_ENGINE = \"cache\"", "nuages.W003"),
        ("SESSION_ENGINE = \"file\"", "nuages.W004"),
    ] {
        let text = lines.lines().fold(set(SAFE, KEY), |text, line| set(&text, line));
        assert!(ids(&text).iter().any(|found| found == id), "{lines}: {:?}", ids(&text));
    }
}

#[test]
fn default_middleware_that_is_left_out_is_found_and_its_settings_no_more() {
    let unsafe_settings = set(&set(SAFE, KEY), "SECURE_HSTS_SECONDS = 0");
    let unsafe_settings = set(&unsafe_settings, "X_FRAME_OPTIONS = \"SAMEORIGIN\"");
    let unsafe_settings = set(&unsafe_settings, "CSRF_COOKIE_SECURE = false");
    let settings = Settings::from_toml(&unsafe_settings, Path::new("/srv/site")).expect("settings");
    assert_eq!(ids(&unsafe_settings), ["security.W004", "security.W019", "security.W016"]);
    let app =
        App::new(settings).without(BuiltIn::Security).without(BuiltIn::Clickjacking).without(BuiltIn::Csrf);
    let found: Vec<String> = app.deployment_checks().into_iter().map(|check| check.id).collect();
    assert_eq!(found, ["security.W001", "security.W002", "security.W003"]);
}

#[test]
fn the_weak_old_key_is_named_by_its_place() {
    let text = set(&set(SAFE, KEY), "SECRET_KEY_FALLBACKS = [\"old\"]");
    assert!(found(&text)[0].message.starts_with("SECRET_KEY_FALLBACKS[0] is shorter"), "{:?}", found(&text));
    assert!(!found(&text)[0].message.contains("old"), "a secret is not shown");
}

#[test]
fn the_fixes_that_are_offered_leave_no_finding() {
    for engine in ["cache", "file", "db", "signed_cookies"] {
        let mut text = format!(
            "SECRET_KEY = \"short\"\nDEBUG = true\nSESSION_ENGINE = \"{engine}\"\n\
             SECURE_CONTENT_TYPE_NOSNIFF = false\nSESSION_COOKIE_HTTPONLY = false\n\
             X_FRAME_OPTIONS = \"SAMEORIGIN\"\nSECURE_REFERRER_POLICY = \"none\"\n"
        );
        // HSTS has two findings that only show once it is on.
        for _ in 0..2 {
            for check in found(&text) {
                text = set(&text, &check.fix.unwrap_or_else(|| panic!("{} has no fix", check.id)));
            }
            // The fix of nuages.W004 names a folder that each site chooses.
            text = text.replace("/var/lib/mysite/sessions", "/");
        }
        assert_eq!(found(&text), [], "{text}");
    }
}

#[test]
fn silenced_checks_are_not_reported() {
    let text = set(&set(SAFE, KEY), "DEBUG = true");
    assert_eq!(ids(&text), ["security.W018"]);
    assert_eq!(ids(&set(&text, "SILENCED_SYSTEM_CHECKS = [\"security.W018\"]")), Vec::<String>::new());
}

/// The exit code, stdout and stderr of `check` with these arguments.
fn check(program: &Program, args: &[&str]) -> (Option<i32>, String, String) {
    let output = program.command(&[&["check"], args].concat()).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_reports_findings_and_fails_from_the_chosen_level() {
    let program = Program::new("SILENCED_SYSTEM_CHECKS = [\"security.W021\", \"nuages.W001\"]");
    assert_eq!(check(&program, &[]), (Some(0), "System check identified no issues.\n".into(), String::new()));

    let (code, out, err) = check(&program, &["--deploy"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(
        out.contains(
            "WARNING: (security.W012) SESSION_COOKIE_SECURE is false: a listener on the network can take over \
             sessions\n    settings.toml: SESSION_COOKIE_SECURE = true\n"
        ),
        "{out}"
    );
    assert!(!out.contains("nuages.W001"), "{out}");
    let count = out.matches("WARNING: (").count();
    assert!(out.ends_with(&format!("System check identified {count} issues.\n")), "{out}");

    let (code, _, err) = check(&program, &["--deploy", "--fail-level", "warning"]);
    assert_eq!(code, Some(1));
    assert!(
        err.starts_with(&format!("error: {count} findings are of level WARNING or above\nhint: ")),
        "{err}"
    );
    assert_eq!(check(&program, &["--deploy", "--fail-level", "error"]).0, Some(0));
    assert_eq!(check(&program, &["--fail-level", "LOUD"]).0, Some(2));
}

#[test]
fn findings_are_printed_as_json_lines() {
    let program = Program::new("");
    let (code, out, _) = check(&program, &["--deploy", "--json"]);
    assert_eq!(code, Some(0));
    let findings: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let cookie =
        findings.iter().find(|finding| finding["id"] == "security.W012").expect("the cookie is not secure");
    assert_eq!(cookie["level"], CheckLevel::Warning.as_str());
    assert_eq!(cookie["fix"], "SESSION_COOKIE_SECURE = true");
    assert_eq!(check(&program, &["--json"]), (Some(0), String::new(), String::new()));
}
