//! [`BuiltIn`]: the names of the default middleware.

/// A default middleware, which [`App::without`](crate::App::without) leaves out.
///
/// # Examples
///
/// An interface for programs that authenticate by a header needs no CSRF check:
///
/// ```
/// use nuages::{App, middleware::BuiltIn, settings::Settings};
///
/// fn app(settings: Settings) -> App {
///     App::new(settings).without(BuiltIn::Csrf).without(BuiltIn::Clickjacking)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuiltIn {
    /// [`SecurityMiddleware`](super::SecurityMiddleware): the redirect to HTTPS and the security headers.
    Security,
    /// [`ContentSecurityPolicyMiddleware`](super::ContentSecurityPolicyMiddleware): what pages may load. It
    /// runs only if a policy is set.
    ContentSecurityPolicy,
    /// The sessions. Without them [`BuiltIn::Authentication`] must be left out too, and messages are kept in
    /// their cookie alone.
    Sessions,
    /// [`CommonMiddleware`](super::CommonMiddleware): the redirects to `www.` and to the URL with a slash.
    Common,
    /// [`CsrfMiddleware`](super::CsrfMiddleware): the check of forms.
    Csrf,
    /// [`AuthenticationMiddleware`](crate::contrib::auth::AuthenticationMiddleware): the user of the session.
    Authentication,
    /// The messages of [`contrib::messages`](crate::contrib::messages).
    Messages,
    /// [`XFrameOptionsMiddleware`](super::XFrameOptionsMiddleware): the header against clickjacking.
    Clickjacking,
}
