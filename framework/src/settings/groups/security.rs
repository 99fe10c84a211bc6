//! `SECURE_*`, `X_FRAME_OPTIONS` and `USE_X_FORWARDED_*`: security headers, HTTPS and proxies.

use std::time::Duration;

use regex::Regex;

use super::{
    checks::Checks,
    csp::ContentSecurityPolicy,
    reader::Reader,
    values::Fallback::{Is, Unset},
};
use crate::settings::schema::{Choice, Word};

/// Settings of the security and clickjacking middleware.
///
/// # Examples
///
/// ```
/// use nuages::settings::{Settings, XFrameOptions};
///
/// let text = "SECRET_KEY = \"x\"\nDEBUG = true\nX_FRAME_OPTIONS = \"SAMEORIGIN\"";
/// let settings = Settings::from_toml(text, ".".as_ref())?;
/// assert_eq!(settings.security.x_frame_options, XFrameOptions::SameOrigin);
/// assert!(settings.security.content_type_nosniff);
/// # Ok::<(), nuages::settings::SettingsErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecuritySettings {
    /// `SECURE_SSL_REDIRECT`. Default false.
    pub ssl_redirect: bool,
    /// `SECURE_SSL_HOST`.
    pub ssl_host: Option<String>,
    /// `SECURE_REDIRECT_EXEMPT`: regular expressions of paths that are not redirected.
    pub redirect_exempt: Vec<String>,
    /// `SECURE_PROXY_SSL_HEADER`: a header's name and the value that means HTTPS.
    pub proxy_ssl_header: Option<(String, String)>,
    /// `SECURE_HSTS_SECONDS`. Default 0: the header is not sent.
    pub hsts: Duration,
    /// `SECURE_HSTS_INCLUDE_SUBDOMAINS`. Default false.
    pub hsts_include_subdomains: bool,
    /// `SECURE_HSTS_PRELOAD`. Default false.
    pub hsts_preload: bool,
    /// `SECURE_CONTENT_TYPE_NOSNIFF`. Default true.
    pub content_type_nosniff: bool,
    /// `SECURE_REFERRER_POLICY`: one policy, or several with commas between them. Default `same-origin`.
    pub referrer_policy: Option<String>,
    /// `SECURE_CROSS_ORIGIN_OPENER_POLICY`. Default `same-origin`.
    pub cross_origin_opener_policy: Option<CrossOriginOpenerPolicy>,
    /// `SECURE_CSP`. Default empty: the header is not sent.
    pub csp: ContentSecurityPolicy,
    /// `SECURE_CSP_REPORT_ONLY`. Default empty: the header is not sent.
    pub csp_report_only: ContentSecurityPolicy,
    /// `X_FRAME_OPTIONS`. Default `DENY`.
    pub x_frame_options: XFrameOptions,
    /// `USE_X_FORWARDED_HOST`. Default false.
    pub use_x_forwarded_host: bool,
    /// `USE_X_FORWARDED_PORT`. Default false.
    pub use_x_forwarded_port: bool,
}

/// The value of the `X-Frame-Options` header: who may show a page in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XFrameOptions {
    /// `DENY`: no page.
    Deny,
    /// `SAMEORIGIN`: pages of the same origin.
    SameOrigin,
}

impl XFrameOptions {
    /// The header's value.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

impl Choice for XFrameOptions {
    const CHOICES: &'static [(Self, Word)] =
        &[(XFrameOptions::Deny, Word::new("DENY")), (XFrameOptions::SameOrigin, Word::new("SAMEORIGIN"))];
}

/// The value of the `Cross-Origin-Opener-Policy` header. The choices are those of Django's
/// `CROSS_ORIGIN_OPENER_POLICY_VALUES` (django/core/checks/security/base.py).
///
/// # Examples
///
/// ```
/// use nuages::settings::CrossOriginOpenerPolicy;
///
/// assert_eq!(CrossOriginOpenerPolicy::SameOrigin.as_str(), "same-origin");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrossOriginOpenerPolicy {
    /// `same-origin`
    SameOrigin,
    /// `same-origin-allow-popups`
    SameOriginAllowPopups,
    /// `unsafe-none`
    UnsafeNone,
}

impl CrossOriginOpenerPolicy {
    /// The header's value.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

impl Choice for CrossOriginOpenerPolicy {
    const CHOICES: &'static [(Self, Word)] = &[
        (CrossOriginOpenerPolicy::SameOrigin, Word::new("same-origin")),
        (CrossOriginOpenerPolicy::SameOriginAllowPopups, Word::new("same-origin-allow-popups")),
        (CrossOriginOpenerPolicy::UnsafeNone, Word::new("unsafe-none")),
    ];
}

/// The words of `SECURE_REFERRER_POLICY`: Django's `REFERRER_POLICY_VALUES` of the same file.
#[derive(Clone, Copy, PartialEq)]
enum ReferrerPolicy {
    NoReferrer,
    NoReferrerWhenDowngrade,
    Origin,
    OriginWhenCrossOrigin,
    SameOrigin,
    StrictOrigin,
    StrictOriginWhenCrossOrigin,
    UnsafeUrl,
}

impl Choice for ReferrerPolicy {
    const CHOICES: &'static [(Self, Word)] = &[
        (ReferrerPolicy::NoReferrer, Word::new("no-referrer")),
        (ReferrerPolicy::NoReferrerWhenDowngrade, Word::new("no-referrer-when-downgrade")),
        (ReferrerPolicy::Origin, Word::new("origin")),
        (ReferrerPolicy::OriginWhenCrossOrigin, Word::new("origin-when-cross-origin")),
        (ReferrerPolicy::SameOrigin, Word::new("same-origin")),
        (ReferrerPolicy::StrictOrigin, Word::new("strict-origin")),
        (ReferrerPolicy::StrictOriginWhenCrossOrigin, Word::new("strict-origin-when-cross-origin")),
        (ReferrerPolicy::UnsafeUrl, Word::new("unsafe-url")),
    ];
}

impl SecuritySettings {
    #[rustfmt::skip] // one setting a line
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let reader = reader.area("security");
        Self {
            use_x_forwarded_host: reader.flag("USE_X_FORWARDED_HOST", false, "Takes the host from `X-Forwarded-Host`. Only for a site behind a proxy that sets this header."),
            use_x_forwarded_port: reader.flag("USE_X_FORWARDED_PORT", false, "Takes the port from `X-Forwarded-Port`. Only for a site behind a proxy that sets this header."),
            ssl_redirect: reader.flag("SECURE_SSL_REDIRECT", false, "Redirects HTTP to HTTPS."),
            ssl_host: reader.maybe_text("SECURE_SSL_HOST", Unset("none"), "The host of that redirect; without one, the request's host."),
            redirect_exempt: reader.list("SECURE_REDIRECT_EXEMPT", &[], "Regular expressions of paths that stay on HTTP. They are searched in the path without its leading slash."),
            proxy_ssl_header: reader.header_pair("SECURE_PROXY_SSL_HEADER", "The header and the value by which a proxy reports HTTPS. Only for a site behind a proxy that sets this header."),
            hsts: reader.seconds("SECURE_HSTS_SECONDS", 0, 0, "The max-age of the `Strict-Transport-Security` header; 0 sends none."),
            hsts_include_subdomains: reader.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", false, "Adds `includeSubDomains` to that header."),
            hsts_preload: reader.flag("SECURE_HSTS_PRELOAD", false, "Adds `preload` to that header."),
            content_type_nosniff: reader.flag("SECURE_CONTENT_TYPE_NOSNIFF", true, "Sends `X-Content-Type-Options: nosniff`."),
            referrer_policy: reader.words("SECURE_REFERRER_POLICY", ReferrerPolicy::SameOrigin, "The `Referrer-Policy` header; `\"none\"` sends none."),
            cross_origin_opener_policy: reader.maybe_choice("SECURE_CROSS_ORIGIN_OPENER_POLICY", Is(CrossOriginOpenerPolicy::SameOrigin), "The `Cross-Origin-Opener-Policy` header; `\"none\"` sends none."),
            csp: ContentSecurityPolicy::read(reader, "SECURE_CSP", "The `Content-Security-Policy` header, by directive. `\"'nonce'\"` stands for the nonce of the page (`{{ csp_nonce }}`)."),
            csp_report_only: ContentSecurityPolicy::read(reader, "SECURE_CSP_REPORT_ONLY", "The `Content-Security-Policy-Report-Only` header: browsers report what it would forbid."),
            x_frame_options: reader.choice("X_FRAME_OPTIONS", XFrameOptions::Deny, "The `X-Frame-Options` header."),
        }
    }

    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        for pattern in &self.redirect_exempt {
            if let Err(error) = Regex::new(pattern) {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                let message = format!("{pattern:?} is not a regular expression: {reason}");
                let hint =
                    "write one such as \"^health/$\"; look-around and back-references are not supported";
                checks.error_with_hint("SECURE_REDIRECT_EXEMPT", message, hint);
            }
        }
    }
}
