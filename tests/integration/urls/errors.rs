//! Errors in routes are reported at start-up, all together, each with its pattern.

use nuages::urls::{Converter, Resolver, Route, include, path};

use super::{Takes, article, index, resolver, year};

fn errors(routes: Vec<Route>) -> Vec<String> {
    let errors = Resolver::new(routes, []).expect_err("bad routes");
    errors.0.iter().map(ToString::to_string).collect()
}

#[test]
fn all_errors_are_reported_together_with_their_patterns() {
    let blog = vec![path("<int: year>/", year), path("<int:id>/<slug:id>/", article), path("ok/", index)];
    let routes = vec![
        path("<integer:year>/", year),
        include("blog/", blog).namespace("blog"),
        path("<int:2nd>/", year),
        path("about/", index),
    ];
    assert_eq!(
        errors(routes),
        [
            "URL pattern \"<integer:year>/\": no converter is named \"integer\" \
             (known: int, path, slug, str, uuid), did you mean \"int\"?",
            "URL pattern \"blog/<int: year>/\": \"<int: year>\" contains whitespace: \
             write <converter:name>, such as <int:year>",
            "URL pattern \"blog/<int:id>/<slug:id>/\": it captures \"id\" twice",
            "URL pattern \"<int:2nd>/\": the captured value's name \"2nd\" is not an identifier \
             (letters, digits and _, no digit first)",
        ]
    );
}

#[test]
fn a_view_that_takes_another_number_of_values_is_named_with_its_pattern() {
    let routes = vec![
        path("<int:year>/", article),
        path("", year),
        include("<int:year>/", vec![path("<slug:slug>/", index), path("<slug:slug>/good/", article)]),
        path("closure/<int:x>/", |_: &mut nuages::http::Request| "closure"),
    ];
    assert_eq!(
        errors(routes),
        [
            "URL pattern \"<int:year>/\": it captures 1 value (year), but its view integration::urls::article takes 2",
            "URL pattern \"\": it captures no value, but its view integration::urls::year takes 1",
            "URL pattern \"<int:year>/<slug:slug>/\": it captures 2 values (year, slug), but its view \
             integration::urls::index takes 0",
            "URL pattern \"closure/<int:x>/\": it captures 1 value (x), but its view integration::urls::errors::\
             a_view_that_takes_another_number_of_values_is_named_with_its_pattern::{{closure}} takes 0",
        ]
    );
}

#[test]
fn a_prefix_that_cannot_be_read_is_reported_once() {
    let inner = vec![path("<slug:slug>/", article), path("<nope:x>/", year)];
    let told = errors(vec![include("<what:year>/", inner)]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("URL pattern \"<what:year>/\": no converter is named \"what\""), "{told:?}");
    assert!(told[1].starts_with("URL pattern \"<what:year>/<nope:x>/\": no converter is named \"nope\""));
}

#[test]
fn names_and_namespaces_stand_where_they_mean_something() {
    let routes = vec![
        path("", index).namespace("blog"),
        include("a/", vec![]).name("a"),
        include("b/", vec![]).namespace("b:c"),
        include("c/", vec![]).namespace(""),
        Route::mounted("static", std::sync::Arc::new(Takes(0))),
        include("<int:id>/", vec![path("<int:id>/", article)]),
    ];
    let told = errors(routes);
    let expected = [
        "the namespace \"blog\" is set on a single view: set it on an include()",
        "the name \"a\" is set on an include(): name the routes inside it, or set a .namespace()",
        "the namespace \"b:c\" is empty or contains a ':', which separates namespaces",
        "the namespace \"\" is empty or contains a ':', which separates namespaces",
        "the prefix of a mounted service must be empty or end in '/'",
        "it captures \"id\" twice",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.ends_with(expected), "{told}");
    }
}

#[test]
fn a_url_captures_sixteen_values_at_most() {
    let pattern = |captures: usize| (0..captures).map(|n| format!("<p{n}>/")).collect::<String>();
    let resolver = resolver(vec![path(pattern(16), Takes(16))]);
    assert!(resolver.is_valid_path(&"x/".repeat(16)));
    let told = errors(vec![path(pattern(17), Takes(17))]);
    assert!(told[0].ends_with("it captures 17 values; at most 16 are allowed"), "{told:?}");
}

#[test]
fn converters_of_the_project_are_known_beside_the_built_in_ones() {
    let yyyy = || Converter::new("yyyy", |text| text.len() == 4);
    let told =
        Resolver::new(vec![path("<yyy:year>/", year)], [yyyy(), yyyy(), Converter::new("int", |_| true)])
            .expect_err("bad routes");
    assert_eq!(
        told.to_string(),
        "URL pattern \"<yyyy:…>\": the converter name \"yyyy\" is taken\n\
         URL pattern \"<int:…>\": the converter name \"int\" is taken\n\
         URL pattern \"<yyy:year>/\": no converter is named \"yyy\" \
         (known: int, path, slug, str, uuid, yyyy), did you mean \"yyyy\"?"
    );
    let resolver = Resolver::new(vec![path("<yyyy:year>/", year)], [yyyy()]).expect("good routes");
    assert!(resolver.is_valid_path("2026/"));
    assert!(!resolver.is_valid_path("20/6/"));
}

#[test]
fn odd_patterns_work_and_are_warned_about() {
    let blog = || include("blog/", vec![path("", index).name("index")]).namespace("blog");
    let resolver = resolver(vec![path("/articles/", index).name("a:b"), blog(), blog()]);
    assert!(resolver.is_valid_path("/articles/"));
    let told: Vec<String> = resolver.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "(urls.W002) URL pattern \"/articles/\" [name=\"a:b\"]: it begins with a '/', which is unnecessary: \
             remove it; if the pattern is in an include(), end the prefix in a '/'",
            "(urls.W003) URL pattern \"/articles/\" [name=\"a:b\"]: its name contains a ':', which separates \
             namespaces: remove the colon",
            "(urls.W005) URL pattern \"blog/\": its namespace is used twice: reverse finds only the names in \
             the first one",
        ]
    );
}
