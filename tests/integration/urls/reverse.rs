//! From names back to URLs.

use nuages::urls::{Resolver, include, path};

use super::{Takes, article, index, resolver, year};

fn site() -> Resolver {
    let archive = vec![path("<int:year>/<slug:slug>/", article).name("detail")];
    let blog = vec![
        path("", index).name("index"),
        path("<int:year>/", year).name("year"),
        include("archive/", archive).namespace("archive"),
    ];
    resolver(vec![
        path("", index).name("index"),
        path("tags/<str:tag>/", Takes(1)).name("tag"),
        path("files/<path:file>", Takes(1)).name("file"),
        path("<path:host>", Takes(1)).name("any"),
        include("blog/", blog).namespace("blog"),
    ])
}

#[test]
fn names_lead_through_namespaces() {
    let site = site();
    assert_eq!(site.reverse("index", ()).expect("a URL"), "/");
    assert_eq!(site.reverse("blog:index", ()).expect("a URL"), "/blog/");
    assert_eq!(site.reverse("blog:year", (2026,)).expect("a URL"), "/blog/2026/");
    let slug = String::from("hello");
    assert_eq!(
        site.reverse("blog:archive:detail", (2026, &slug)).expect("a URL"),
        "/blog/archive/2026/hello/"
    );
    let named = [("slug", "hello"), ("year", "2026")];
    assert_eq!(site.reverse("blog:archive:detail", named).expect("a URL"), "/blog/archive/2026/hello/");
    let mixed: [(&str, &dyn std::fmt::Display); 2] = [("year", &2026), ("slug", &slug)];
    assert_eq!(site.reverse("blog:archive:detail", mixed).expect("a URL"), "/blog/archive/2026/hello/");
}

#[test]
fn values_are_percent_encoded_as_django_does() {
    let site = site();
    for (tag, url) in [
        ("été", "/tags/%C3%A9t%C3%A9/"),
        ("a b?c#d%e", "/tags/a%20b%3Fc%23d%25e/"),
        ("-._~!$&'()*+,;=:@", "/tags/-._~!$&'()*+,;=:@/"),
        ("\"<>[]\\^`{|}", "/tags/%22%3C%3E%5B%5D%5C%5E%60%7B%7C%7D/"),
    ] {
        assert_eq!(site.reverse("tag", (tag,)).expect("a URL"), url);
    }
    assert_eq!(site.reverse("file", ("a/b c.txt",)).expect("a URL"), "/files/a/b%20c.txt");
}

#[test]
fn no_name_leads_to_another_host() {
    assert_eq!(site().reverse("any", ("/evil.example/",)).expect("a URL"), "/%2Fevil.example/");
}

#[test]
fn of_routes_that_share_a_name_the_last_that_fits_is_taken() {
    let resolver = resolver(vec![
        path("a/<int:x>/", year).name("x"),
        path("b/<slug:x>/", Takes(1)).name("x"),
        path("c/<int:x>/", year).name("x"),
        path("d/", index).name("x"),
    ]);
    assert_eq!(resolver.reverse("x", (1,)).expect("a URL"), "/c/1/");
    assert_eq!(resolver.reverse("x", ("w",)).expect("a URL"), "/b/w/");
    assert_eq!(resolver.reverse("x", ()).expect("a URL"), "/d/");
    let error = resolver.reverse("x", ("a/b",)).expect_err("no route takes it");
    assert_eq!(
        error.to_string(),
        "the URL \"x\" does not accept the values (\"a/b\"); \
         tried d/ (it takes no values, not 1); \
         c/<int:x>/ (the converter int does not accept x = \"a/b\"); \
         b/<slug:x>/ (the converter slug does not accept x = \"a/b\"); \
         a/<int:x>/ (the converter int does not accept x = \"a/b\")"
    );
}

#[test]
fn what_cannot_be_reversed_says_what_was_meant() {
    let site = site();
    let error = |name: &str| site.reverse(name, ()).expect_err("an unknown name").to_string();
    assert_eq!(error("idnex"), "no URL is named \"idnex\", did you mean \"index\"?");
    assert_eq!(error("detail"), "no URL is named \"detail\", did you mean \"blog:archive:detail\"?");
    assert_eq!(
        error("blog:archive:detial"),
        "no URL is named \"blog:archive:detial\", did you mean \"blog:archive:detail\"?"
    );
    assert_eq!(error("zzz"), "no URL is named \"zzz\"");
    assert_eq!(error("bolg:index"), "no namespace is named \"bolg\", did you mean \"blog\"?");
    assert_eq!(
        error("blog:arhive:detail"),
        "no namespace is named \"arhive\" inside \"blog\", did you mean \"archive\"?"
    );
    let error = |pairs: [(&str, &str); 1]| {
        site.reverse("blog:archive:detail", pairs).expect_err("no fit").to_string()
    };
    assert_eq!(
        error([("year", "2026")]),
        "the URL \"blog:archive:detail\" does not accept the values (year = \"2026\"); \
         tried blog/archive/<int:year>/<slug:slug>/ (slug is missing)"
    );
    assert_eq!(
        error([("yaer", "2026")]),
        "the URL \"blog:archive:detail\" does not accept the values (yaer = \"2026\"); \
         tried blog/archive/<int:year>/<slug:slug>/ (it takes no yaer)"
    );
    let error = site.reverse("year", (2026,)).expect_err("it lies in a namespace").to_string();
    assert_eq!(error, "no URL is named \"year\", did you mean \"blog:year\"?");
}
