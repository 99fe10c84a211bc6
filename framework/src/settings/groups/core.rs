//! [`Settings`] itself: the settings at the top level, and the groups.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    auth::AuthSettings, caches::CacheSettings, checks::Checks, csrf::CsrfSettings,
    databases::DatabaseSettings, messages::MessageSettings, reader::Reader, security::SecuritySettings,
    server::ServerSettings, session::SessionSettings, uploads::UploadSettings, values::Fallback::Unset,
};
use crate::settings::{
    source::{MASK, Provenance, Sources},
    time_zone::TimeZone,
};

/// The settings of a project: its `settings.toml` and the `NUAGES_*` variables, with Django's names and
/// defaults. Its `Debug` masks secrets.
///
/// # Examples
///
/// ```
/// use nuages::settings::Settings;
/// use std::path::Path;
///
/// let settings = Settings::from_toml(
///     r#"
///     SECRET_KEY = "fifty random characters"
///     ALLOWED_HOSTS = ["example.com"]
///     SESSION_ENGINE = "django.contrib.sessions.backends.db"
///
///     [DATABASES.default]
///     ENGINE = "sqlite3"
///     NAME = "db.sqlite3"
///     "#,
///     Path::new("/srv/mysite"),
/// )?;
/// assert_eq!(settings.session.engine, "db");
/// assert_eq!(settings.databases["default"].name, "/srv/mysite/db.sqlite3");
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// `SECRET_KEY`.
    pub secret_key: String,
    /// `SECRET_KEY_FALLBACKS`: former keys that verify signatures but make none.
    pub secret_key_fallbacks: Vec<String>,
    /// `DEBUG`. Default false.
    pub debug: bool,
    /// `ALLOWED_HOSTS`.
    pub allowed_hosts: Vec<String>,
    /// The folder of the settings file. Relative paths in the settings start here.
    pub base_dir: PathBuf,
    /// `SESSION_*`.
    pub session: SessionSettings,
    /// `DATABASES`, by alias.
    pub databases: BTreeMap<String, DatabaseSettings>,
    /// `CACHES`, by alias. Default: `default` in this process's memory, as in Django.
    pub caches: BTreeMap<String, CacheSettings>,
    /// `APPEND_SLASH`. Default true.
    pub append_slash: bool,
    /// `PREPEND_WWW`. Default false.
    pub prepend_www: bool,
    /// `STATIC_URL`. Default `static/`.
    pub static_url: String,
    /// `STATICFILES_DIRS`. Default `["static"]`, if that folder exists.
    pub staticfiles_dirs: Vec<PathBuf>,
    /// `TEMPLATE_DIRS`. Default `["templates"]`.
    pub template_dirs: Vec<PathBuf>,
    /// `USE_TZ`. Default true.
    pub use_tz: bool,
    /// `TIME_ZONE`. Default UTC.
    pub time_zone: TimeZone,
    /// `INTERNAL_IPS`.
    pub internal_ips: Vec<String>,
    /// `SILENCED_SYSTEM_CHECKS`: ids of checks whose findings are not reported.
    pub silenced_system_checks: Vec<String>,
    /// `SECURE_*`, `X_FRAME_OPTIONS` and `USE_X_FORWARDED_HOST`.
    pub security: SecuritySettings,
    /// `CSRF_*`.
    pub csrf: CsrfSettings,
    /// `AUTHENTICATION_BACKENDS` and `AUTH_USER_MODEL`.
    pub auth: AuthSettings,
    /// `MESSAGE_*`.
    pub messages: MessageSettings,
    /// Limits and timeouts of the server and of request bodies.
    pub server: ServerSettings,
    /// `FILE_UPLOAD_TEMP_DIR` and `MEDIA_*`.
    pub uploads: UploadSettings,
    pub(in crate::settings) sources: Arc<Sources>,
    pub(in crate::settings) provenance: Vec<Provenance>,
}

impl Settings {
    #[rustfmt::skip] // one setting a line
    pub(in crate::settings) fn read(reader: &mut Reader<'_>, base_dir: &Path) -> Self {
        let within = |paths: Vec<PathBuf>| paths.into_iter().map(|path| base_dir.join(path)).collect();
        reader.area("static");
        let template_dirs = within(reader.paths("TEMPLATE_DIRS", &["templates"], "Folders of templates, searched in this order."));
        let static_url = reader.text("STATIC_URL", "static/", "The URL below which static files are served. It ends with a slash.");
        let mut staticfiles_dirs: Vec<_> = within(reader.paths("STATICFILES_DIRS", &["static"], "Folders of static files, searched in this order."));
        if !reader.is_set("STATICFILES_DIRS") {
            staticfiles_dirs.retain(|folder| folder.is_dir());
        }
        reader.area("core");
        Self {
            base_dir: base_dir.to_owned(),
            secret_key: reader.secret("SECRET_KEY", Unset("required"), "Signs sessions, cookies and tokens. Keep it secret."),
            secret_key_fallbacks: reader.secrets("SECRET_KEY_FALLBACKS", "Former secret keys: they verify signatures but make none."),
            debug: reader.flag("DEBUG", false, "Shows error pages with details. Never use it in production."),
            allowed_hosts: reader.list("ALLOWED_HOSTS", &[], "The hosts of this site. `.example.com` includes all subdomains, `*` allows any host."),
            internal_ips: reader.list("INTERNAL_IPS", &[], "Addresses of clients that may see debug pages, besides those of this machine."),
            silenced_system_checks: reader.list("SILENCED_SYSTEM_CHECKS", &[], "Ids of checks that `manage check` does not report, such as `security.W021`."),
            append_slash: reader.flag("APPEND_SLASH", true, "Redirects a URL that matches no route to the same URL with a slash at its end, if that one matches."),
            prepend_www: reader.flag("PREPEND_WWW", false, "Redirects to the same host with `www.` before it."),
            use_tz: reader.flag("USE_TZ", true, "Stores moments in UTC. `false` stores local times of `TIME_ZONE`, as a Django site with `USE_TZ = False` does."),
            time_zone: reader.time_zone("TIME_ZONE", "The zone of local times, by its IANA name such as `Europe/Paris`."),
            template_dirs,
            static_url,
            staticfiles_dirs,
            session: SessionSettings::read(reader, base_dir),
            databases: reader.each("DATABASES", None, |reader| DatabaseSettings::read(reader, base_dir)),
            caches: reader.each("CACHES", Some("default"), CacheSettings::read),
            csrf: CsrfSettings::read(reader),
            security: SecuritySettings::read(reader),
            auth: AuthSettings::read(reader),
            messages: MessageSettings::read(reader),
            server: ServerSettings::read(reader),
            uploads: UploadSettings::read(reader, base_dir),
            sources: Arc::clone(reader.sources),
            provenance: Vec::new(),
        }
    }

    /// Returns the zone of the local times that databases and sessions contain: UTC, or `TIME_ZONE` if
    /// `USE_TZ` is false.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::settings::Settings;
    ///
    /// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nUSE_TZ = false\nTIME_ZONE = \"America/Chicago\"";
    /// let settings = Settings::from_toml(text, ".".as_ref())?;
    /// assert_eq!(settings.stored_time_zone().name(), "America/Chicago");
    /// # Ok::<(), nuages::settings::SettingsErrors>(())
    /// ```
    pub fn stored_time_zone(&self) -> TimeZone {
        if self.use_tz { TimeZone::UTC } else { self.time_zone }
    }

    /// Finds the mistakes that only show when values are compared.
    pub(in crate::settings) fn check(&self, checks: &mut Checks<'_>) {
        self.check_secrets(checks);
        self.check_hosts(checks);
        if !self.static_url.ends_with('/') {
            checks.error("STATIC_URL", "expected a slash at the end");
        }
        if !self.databases.is_empty() && !self.databases.contains_key("default") {
            let hint = "add [DATABASES.default]: it is used wherever no alias is given";
            checks.error_with_hint("DATABASES", "no database has the alias \"default\"", hint);
        }
        self.databases.iter().for_each(|(alias, database)| database.check(alias, checks));
        self.caches.iter().for_each(|(alias, cache)| cache.check(alias, checks));
        self.session.check(checks);
        self.csrf.check(&self.session.cookie_name, checks);
        self.security.check(checks);
        self.auth.check(checks);
        self.uploads.check(&self.static_url, checks);
    }

    fn check_secrets(&self, checks: &mut Checks<'_>) {
        if self.secret_key.is_empty() {
            let state = if checks.is_set("SECRET_KEY") { "empty" } else { "missing" };
            let message = format!("{state}: expected a text that nobody can guess");
            let hint = "use 50 random characters; `manage startproject` writes such a key";
            checks.error_with_hint("SECRET_KEY", message, hint);
        }
        if self.secret_key_fallbacks.iter().any(String::is_empty) {
            let message = "one of them is empty: anybody could sign with it";
            checks.error("SECRET_KEY_FALLBACKS", message);
        }
    }

    fn check_hosts(&self, checks: &mut Checks<'_>) {
        if self.allowed_hosts.is_empty() && !self.debug {
            let hint = "write ALLOWED_HOSTS = [\"www.example.com\"], or DEBUG = true during development";
            checks.error_with_hint(
                "ALLOWED_HOSTS",
                "must name the hosts of this site if DEBUG is false",
                hint,
            );
        }
        for host in self.allowed_hosts.iter().filter(|host| !is_host_pattern(host)) {
            let hint = match host.strip_prefix("*.") {
                Some(domain) => format!("write \".{domain}\" for the domain and all its subdomains"),
                None => "write a host without a scheme, a port or a path, such as \"example.com\", \
                         \".example.com\" or \"[::1]\""
                    .to_owned(),
            };
            checks.error_with_hint("ALLOWED_HOSTS", format!("{host:?} is not a host"), hint);
        }
        for address in self.internal_ips.iter().filter(|address| address.parse::<IpAddr>().is_err()) {
            checks.error("INTERNAL_IPS", format!("{address:?} is not an IP address"));
        }
    }
}

fn is_host_pattern(host: &str) -> bool {
    let is_address = host.starts_with('[') && host.ends_with(']');
    let name = host.strip_prefix('.').unwrap_or(host);
    host == "*" || is_address || (!name.is_empty() && !name.contains(['/', ':', '*', '@', ',', ' ']))
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("secret_key", &MASK)
            .field("secret_key_fallbacks", &vec![MASK; self.secret_key_fallbacks.len()])
            .field("debug", &self.debug)
            .field("allowed_hosts", &self.allowed_hosts)
            .field("base_dir", &self.base_dir)
            .field("session", &self.session)
            .field("databases", &self.databases)
            .field("caches", &self.caches)
            .field("append_slash", &self.append_slash)
            .field("prepend_www", &self.prepend_www)
            .field("static_url", &self.static_url)
            .field("staticfiles_dirs", &self.staticfiles_dirs)
            .field("template_dirs", &self.template_dirs)
            .field("use_tz", &self.use_tz)
            .field("time_zone", &self.time_zone)
            .field("internal_ips", &self.internal_ips)
            .field("silenced_system_checks", &self.silenced_system_checks)
            .field("security", &self.security)
            .field("csrf", &self.csrf)
            .field("auth", &self.auth)
            .field("messages", &self.messages)
            .field("server", &self.server)
            .field("uploads", &self.uploads)
            .finish_non_exhaustive()
    }
}
