//! Routing: which pattern matches, the URLs that names turn into, and the errors reported at start-up.

mod django;
mod errors;
mod order;
mod reverse;

use nuages::{
    Result,
    http::{IntoResponse, Request, Response},
    urls::{Match, Resolver, Route, include, path},
    view::{BoxFuture, View},
};

/// A view that takes any number of captured values.
struct Takes(usize);

impl View for Takes {
    fn arity(&self) -> usize {
        self.0
    }

    fn call<'a>(&'a self, _: &'a mut Request) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async { "taken".into_response() })
    }
}

fn index(_: &mut Request) -> &'static str {
    "index"
}

async fn year(_: &mut Request, year: u32) -> String {
    year.to_string()
}

fn article(_: &mut Request, year: u32, slug: String) -> Result<String> {
    Ok(format!("{year} {slug}"))
}

fn resolver(routes: Vec<Route>) -> Resolver {
    Resolver::new(routes, []).expect("good routes")
}

fn values(found: &Match) -> Vec<(&str, &str)> {
    found.params.iter().map(|(name, value)| (&**name, &**value)).collect()
}

#[test]
fn the_first_pattern_that_matches_wins() {
    let resolver = resolver(vec![
        path("articles/2003/", index).name("special"),
        path("articles/<int:year>/", year).name("year"),
        path("articles/new/", index).name("new"),
        path("articles/<int:year>/<slug:slug>/", article).name("article"),
        path("articles/2004/", index).name("never"),
        path("<path:rest>", Takes(1)).name("rest"),
        path("last/", index).name("too-late"),
    ]);
    let name = |path: &str| resolver.resolve(path).and_then(|found| found.name).map(|name| name.to_string());
    assert_eq!(name("articles/2003/").as_deref(), Some("special"));
    assert_eq!(name("articles/2004/").as_deref(), Some("year"));
    assert_eq!(name("articles/new/").as_deref(), Some("new"));
    assert_eq!(name("articles/2004/new/").as_deref(), Some("article"));
    assert_eq!(name("articles/2004").as_deref(), Some("rest"));
    assert_eq!(name("last/").as_deref(), Some("rest"));
    assert_eq!(name(""), None);
    assert!(resolver.is_valid_path("articles/2003/"));
    assert!(!resolver.is_valid_path(""));
}

#[test]
fn captures_of_enclosing_prefixes_come_first() {
    let inner = vec![path("<slug:slug>/", article).name("article")];
    let resolver = resolver(vec![include("<int:year>/", inner).namespace("archive")]);
    let found = resolver.resolve("2026/hello/").expect("it matches");
    assert_eq!(values(&found), [("year", "2026"), ("slug", "hello")]);
    assert_eq!(&*found.route_pattern, "<int:year>/<slug:slug>/");
    assert_eq!(found.name.as_deref(), Some("archive:article"));
    assert_eq!(found.view.name(), "integration::urls::article");
}

#[test]
fn a_mounted_service_answers_everything_below_its_prefix() {
    let mounted = |prefix: &str| Route::mounted(prefix, std::sync::Arc::new(Takes(0)));
    let routes = vec![
        path("api/here/", index).name("here"),
        mounted("api/").name("api"),
        path("api/late/", index).name("late"),
        include("<int:tenant>/", vec![mounted("files/").name("files")]),
    ];
    let resolver = resolver(routes);
    for (path, name, params) in [
        ("api/here/", "here", vec![]),
        ("api/", "api", vec![("rest", "")]),
        ("api/late/", "api", vec![("rest", "late/")]),
        ("api/a\nb", "api", vec![("rest", "a\nb")]),
        ("7/files/", "files", vec![("tenant", "7"), ("rest", "")]),
        ("7/files/a/b", "files", vec![("tenant", "7"), ("rest", "a/b")]),
    ] {
        let found = resolver.resolve(path).expect(path);
        assert_eq!(found.name.as_deref(), Some(name), "{path}");
        assert_eq!(values(&found), params, "{path}");
    }
    assert!(!resolver.is_valid_path("api"));
    assert!(!resolver.is_valid_path("x/files/"));
    assert_eq!(resolver.reverse("api", ("a b/c",)).expect("a URL"), "/api/a%20b/c");
    assert_eq!(resolver.reverse("api", ("",)).expect("a URL"), "/api/");

    let everything = self::resolver(vec![path("a/", index).name("a"), mounted("").name("all")]);
    let name = |path| everything.resolve(path).and_then(|found| found.name);
    assert_eq!((name("a/").as_deref(), name("").as_deref()), (Some("a"), Some("all")));
    assert_eq!(name("b/c").as_deref(), Some("all"));
}

#[test]
fn the_patterns_are_listed_in_the_order_in_which_they_are_tried() {
    let blog = vec![path("", index).name("index"), path("<int:year>/", year)];
    let resolver = resolver(vec![include("blog/", blog).namespace("blog"), path("", index)]);
    let listed: Vec<_> = resolver.patterns().map(|info| (info.pattern, info.name)).collect();
    assert_eq!(listed, [("blog/", Some("blog:index")), ("blog/<int:year>/", None), ("", None)]);
}

#[test]
fn a_pattern_with_many_captures_is_no_way_to_stall_the_server() {
    let routes = vec![path("<path:a>/<path:b>/<path:c>/<slug:d>-<slug:e>-<slug:f>/end", Takes(6))];
    let resolver = resolver(routes);
    let hostile = format!("{}/x", "a-/".repeat(5_000));
    let start = std::time::Instant::now();
    assert!(!resolver.is_valid_path(&hostile));
    assert!(!resolver.is_valid_path(&format!("{hostile}/end")));
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
}
