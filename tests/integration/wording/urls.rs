//! Errors in URL patterns, warnings about odd ones, and errors of `reverse`.

use nuages::{
    http::Request,
    urls::{Converter, Resolver, Route, include, path},
};

use super::assert_wording;

fn index(_: &mut Request) -> &'static str {
    "index"
}

async fn year(_: &mut Request, year: u32) -> String {
    year.to_string()
}

async fn article(_: &mut Request, year: u32, slug: String) -> String {
    format!("{year} {slug}")
}

#[test]
fn patterns() {
    let routes: Vec<Route> = vec![
        path("<integer:year>/", year),
        path("<nothing:year>/", year),
        path("<int: year>/", year),
        path("<int:year", year),
        path("<int:2nd>/", year),
        path("<>/", year),
        path("<int:id>/<slug:id>/", article),
        path("<int:year>/", article),
        path("", year),
        path("<int:year>/<slug:slug>/", index),
        path("<int:a>/<int:b>/<int:c>/", year),
        path("", index).namespace("blog"),
        include("a/", vec![]).name("a"),
        include("b/", vec![]).namespace("b:c"),
        include("<what:year>/", vec![path("<slug:slug>/", article)]),
    ];
    let converter = |name| Converter::new(name, |_| true);
    let errors = Resolver::new(routes, [converter("int"), converter("a b")]).expect_err("bad routes");
    let blog = || include("blog/", vec![path("", index).name("index")]).namespace("blog");
    let odd = vec![path("/articles/", index).name("a:b"), blog(), blog()];
    let odd = Resolver::new(odd, []).expect("routes that work");
    let warnings: Vec<String> = odd.warnings().iter().map(ToString::to_string).collect();
    assert_wording("url_patterns", &format!("{errors}\n\n{}\n", warnings.join("\n")));
}

#[test]
fn reverse() {
    let archive = vec![path("<int:year>/<slug:slug>/", article).name("detail")];
    let blog =
        vec![path("<int:year>/", year).name("year"), include("archive/", archive).namespace("archive")];
    let routes = vec![path("", index).name("index"), include("blog/", blog).namespace("blog")];
    let resolver = Resolver::new(routes, []).expect("routes");
    let mut text = String::new();
    for name in ["indx", "nothing", "blgo:year", "blog:yaer", "blog:archive:detial", "blog:year"] {
        let error = resolver.reverse(name, ()).expect_err(name);
        text += &format!("{name}\n  -> {error}\n");
    }
    for error in [
        resolver.reverse("blog:year", ("x",)),
        resolver.reverse("blog:archive:detail", [("year", "2026")]),
        resolver.reverse("blog:archive:detail", (2026, "a/b")),
    ] {
        text += &format!("  -> {}\n", error.expect_err("no URL"));
    }
    assert_wording("url_reverse", &text);
}
