//! URLs: patterns that select a view for a path, and names that turn back into URLs.
//!
//! A project lists its routes with [`path`] and [`include()`]. At start-up the application builds a
//! [`Resolver`] from them, which finds everything that is wrong with them together ([`UrlErrors`]).
//! Patterns have Django's syntax and are tried in the order in which they are listed: the first that
//! matches wins.
//!
//! # Examples
//!
//! ```
//! use nuages::{http::Request, urls::{Resolver, include, path}};
//!
//! fn index(_: &mut Request) -> &'static str {
//!     "articles"
//! }
//! async fn article(_: &mut Request, year: u32, slug: String) -> String {
//!     format!("{slug} of {year}")
//! }
//!
//! let blog = vec![
//!     path("", index).name("index"),
//!     path("<int:year>/<slug:slug>/", article).name("article"),
//! ];
//! let resolver = Resolver::new(vec![include("blog/", blog).namespace("blog")], [])?;
//!
//! let found = resolver.resolve("blog/2026/hello/").expect("a pattern matches");
//! assert_eq!(found.name.as_deref(), Some("blog:article"));
//! assert_eq!(found.params[1].1, "hello");
//! assert_eq!(resolver.reverse("blog:article", (2026, "hello"))?, "/blog/2026/hello/");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod collect;
mod converters;
mod endpoint;
mod error;
mod index;
mod matcher;
mod names;
mod pattern;
mod resolver;
mod reverse;
mod route;

pub use converters::Converter;
pub use error::{NoReverseMatch, UrlError, UrlErrors, UrlProblem, UrlWarning};
pub use resolver::{Match, PatternInfo, Resolver};
pub use route::{Route, include, path};
