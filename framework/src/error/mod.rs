//! [`Error`], which views and middleware return, and [`Unavailable`], which databases and caches share.
//!
//! `?` turns any `std::error::Error` into an [`Error`], which may carry an HTTP status. Visitors see a
//! bare status page (the debug page under `DEBUG`); logs and the debug page show the source chain. An
//! [`Unavailable`] in the source chain turns the response into a 503 with `Retry-After`.

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

use http::StatusCode;

mod panics;
mod trace;

pub(crate) use panics::panic_message;
use trace::Trace;
pub(crate) use trace::{CodePlace, Frame, capture_call_stacks, is_of_the_framework, take_panic};

/// The result of views and middleware.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A boxed error of any type.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The error of views and middleware: a message or a source error, and perhaps an HTTP status.
///
/// # Examples
///
/// ```
/// use nuages::{Error, Result, StatusCode};
///
/// fn parse(text: &str) -> Result<u32> {
///     Ok(text.parse::<u32>()?)
/// }
/// assert_eq!(parse("x").unwrap_err().status(), StatusCode::INTERNAL_SERVER_ERROR);
/// assert_eq!(Error::not_found("no such article").status(), StatusCode::NOT_FOUND);
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    status: Option<StatusCode>,
    message: Option<Cow<'static, str>>,
    source: Option<BoxError>,
    retry_after: Option<Duration>,
    trace: Trace,
}

impl Error {
    /// An error with a message and without a status: the response is a 500.
    #[track_caller]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self::build(None, Some(message.into()), None)
    }

    /// An error with a message whose response has the status `status`.
    #[track_caller]
    pub fn with_status(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::build(Some(status), Some(message.into()), None)
    }

    /// An error whose response is a 404, as Django's `Http404`.
    #[track_caller]
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_status(StatusCode::NOT_FOUND, message)
    }

    /// An error whose response is a 403, as Django's `PermissionDenied`.
    #[track_caller]
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_status(StatusCode::FORBIDDEN, message)
    }

    /// An error whose response is a 400, as Django's `BadRequest` and `SuspiciousOperation`.
    #[track_caller]
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, message)
    }

    /// Adds a message above this error, which becomes its source.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::Error;
    ///
    /// let error = Error::from("x".parse::<u32>().unwrap_err()).context("cannot read the year");
    /// assert_eq!(error.chain(), ["cannot read the year", "invalid digit found in string"]);
    /// ```
    #[must_use]
    pub fn context(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        match self.0.message.take() {
            None => self.0.message = Some(message),
            Some(below) => {
                let source = Level { message: below, source: self.0.source.take() };
                self.0.message = Some(message);
                self.0.source = Some(Box::new(source));
            }
        }
        self
    }

    /// Sets the status of the response. Message and source stay.
    #[must_use]
    pub fn set_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The status of the response: the one that was set, else 503 where an [`Unavailable`] is in the
    /// source chain, else 500.
    pub fn status(&self) -> StatusCode {
        self.0.status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The time after which the client may try again (`Retry-After`), if known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The source of this error.
    pub fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }

    /// Finds the first error of type `E` in the source chain.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        find(self.source(), |error| error.downcast_ref::<E>())
    }

    /// The messages of this error and its sources, outermost first.
    pub fn chain(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.0.message.iter().map(|text| text.to_string()).collect();
        let mut next = self.source();
        while let Some(error) = next {
            lines.push(error.to_string());
            next = error.source();
        }
        lines
    }

    /// Where the error came from: the file, the line and the column of its `?` or of its constructor, or of
    /// the panic.
    ///
    /// The file is as the compiler wrote it: relative to the folder of the build for the project's own files.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::Result;
    ///
    /// fn year(text: &str) -> Result<u16> {
    ///     Ok(text.parse::<u16>()?)
    /// }
    ///
    /// let place = year("abc").unwrap_err().place();
    /// assert!(place.contains(".rs:"), "{place}");
    /// ```
    pub fn place(&self) -> String {
        let CodePlace { file, line, column } = self.0.trace.place();
        format!("{file}:{line}:{column}")
    }

    /// Replaces the place by that of the panic that has just been caught.
    #[must_use]
    pub(crate) fn at_panic(mut self, trace: Option<Trace>) -> Self {
        if let Some(trace) = trace {
            self.0.trace = trace;
        }
        self
    }

    pub(crate) fn trace(&self) -> &Trace {
        &self.0.trace
    }

    #[track_caller]
    fn build(
        status: Option<StatusCode>,
        message: Option<Cow<'static, str>>,
        source: Option<BoxError>,
    ) -> Self {
        // Only errors that are answered with 5xx have a call stack.
        let with_stack = status.is_none_or(|status| status.is_server_error());
        let trace = Trace::new(with_stack);
        Self(Box::new(Inner { status, message, source, retry_after: None, trace }))
    }
}

/// Returns the first `Some` of `pick` along a source chain.
fn find<'a, T>(
    mut next: Option<&'a (dyn StdError + 'static)>,
    pick: impl Fn(&'a (dyn StdError + 'static)) -> Option<T>,
) -> Option<T> {
    while let Some(error) = next {
        if let Some(found) = pick(error) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        let retry_after =
            find(Some(&error), |error| error.downcast_ref::<Unavailable>().map(|u| u.retry_after));
        let mut built = Self::build(None, None, Some(Box::new(error)));
        if retry_after.is_some() {
            built.0.status = Some(StatusCode::SERVICE_UNAVAILABLE);
            built.0.retry_after = retry_after;
        }
        built
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.message, &self.0.source) {
            (Some(message), _) => f.write_str(message),
            (None, Some(source)) => source.fmt(f),
            (None, None) => f.write_str("error"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.chain().join(": "), self.status().as_u16())
    }
}

/// The former message of an error to which [`Error::context`] added another.
#[derive(Debug)]
struct Level {
    message: Cow<'static, str>,
    source: Option<BoxError>,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Level {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// A database, cache or file that cannot be used now: unreachable, locked, full, or too slow.
///
/// Anywhere in the source chain of an error it makes the response a 503 with `Retry-After` (RFC 9110
/// sections 10.2.3 and 15.6.4). Such a response changes no cookie.
///
/// # Examples
///
/// ```
/// use nuages::{Error, StatusCode, Unavailable};
///
/// let error = Error::from(Unavailable::new("the mail server at mail.example.com", None));
/// assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
/// assert_eq!(error.to_string(), "the mail server at mail.example.com is not available");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{what} is not available")]
pub struct Unavailable {
    what: String,
    retry_after: Duration,
    #[source]
    source: Option<BoxError>,
}

impl Unavailable {
    /// Makes the error. `what` names the server or the file and must contain no credentials.
    pub fn new(what: impl Into<String>, source: impl Into<Option<BoxError>>) -> Self {
        Self { what: what.into(), retry_after: Duration::from_secs(1), source: source.into() }
    }

    /// The time after which the client may try again: one second.
    pub fn retry_after(&self) -> Duration {
        self.retry_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unavailable_store_anywhere_in_the_chain_is_a_503() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot load the session")]
        struct Load(#[source] Unavailable);
        let error = Error::from(Load(Unavailable::new("the database \"default\"", None)));
        assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
        assert!(error.downcast_ref::<Unavailable>().is_some());
    }

    #[test]
    fn context_keeps_every_level() {
        let error = Error::from("x".parse::<u32>().expect_err("not a number"))
            .context("reading the year")
            .context("showing the article");
        assert_eq!(
            error.chain(),
            ["showing the article", "reading the year", "invalid digit found in string"]
        );
    }
}
