//! Every row that a real Django made (`tests/vectors/routes.json`, `url_resolver.json`).

use std::collections::BTreeMap;

use nuages::{
    http::UrlValues,
    urls::{Converter, Resolver, Route, include, path},
};
use serde::Deserialize;

use super::Takes;

type Kwargs = BTreeMap<String, String>;

/// How many values a pattern captures; good enough for the patterns of the vectors.
fn captures(pattern: &str) -> usize {
    pattern.matches('<').count()
}

#[test]
fn lone_patterns_match_as_in_django() {
    #[derive(Deserialize)]
    struct Row {
        route: String,
        path: String,
        kwargs: Option<Kwargs>,
    }
    #[derive(Deserialize)]
    struct Vectors {
        rows: Vec<Row>,
    }
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../vectors/routes.json")).expect("the vectors");
    assert!(vectors.rows.len() > 300);
    for row in vectors.rows {
        let routes = vec![path(&row.route, Takes(captures(&row.route)))];
        let resolver = Resolver::new(routes, []).expect("a good pattern");
        let found = resolver.resolve(&row.path).map(|found| {
            // Django's rows hold what int() made of the text.
            let plain = |(name, value): (std::sync::Arc<str>, String)| match value.parse::<u128>() {
                Ok(number) if row.route.contains(&format!("<int:{name}>")) => {
                    (name.to_string(), number.to_string())
                }
                _ => (name.to_string(), value),
            };
            found.params.into_iter().map(plain).collect::<Kwargs>()
        });
        assert_eq!(found, row.kwargs, "{:?} on {:?}", row.route, row.path);
    }
}

#[derive(Deserialize)]
struct Set {
    routes: Vec<Listed>,
    paths: BTreeMap<String, Option<Found>>,
    reverse: Vec<Reverse>,
}

#[derive(Deserialize)]
struct Listed {
    pattern: String,
    name: Option<String>,
    namespace: Option<String>,
    include: Option<Vec<Listed>>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Found {
    route: String,
    name: Option<String>,
    kwargs: Kwargs,
}

#[derive(Debug, Deserialize)]
struct Reverse {
    name: String,
    #[serde(default)]
    args: Vec<String>,
    kwargs: Option<Kwargs>,
    url: Option<String>,
}

fn routes(listed: &[Listed], outer: usize) -> Vec<Route> {
    listed
        .iter()
        .map(|row| {
            let taken = outer + captures(&row.pattern);
            let mut route = match &row.include {
                Some(inner) => include(&row.pattern, routes(inner, taken)),
                None => path(&row.pattern, Takes(taken)),
            };
            if let Some(name) = &row.name {
                route = route.name(name);
            }
            if let Some(namespace) = &row.namespace {
                route = route.namespace(namespace);
            }
            route
        })
        .collect()
}

/// The converters that `generate_urls.py` registers, its regular expressions written out.
fn converters() -> [Converter; 3] {
    let deep = |text: &str| text.split('/').all(|part| matches!(part, "a" | "b" | "1"));
    [
        Converter::new("yyyy", |text| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())),
        Converter::new("ab", |text| text.bytes().all(|byte| matches!(byte, b'a' | b'b'))),
        Converter::new("deep", deep).across_slashes(),
    ]
}

#[test]
fn random_sets_of_routes_resolve_and_reverse_as_in_django() {
    #[derive(Deserialize)]
    struct Vectors {
        sets: Vec<Set>,
    }
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../vectors/url_resolver.json")).expect("the vectors");
    assert_eq!(vectors.sets.len(), 150);
    let mut wrong = Vec::new();
    for set in vectors.sets {
        let resolver = Resolver::new(routes(&set.routes, 0), converters()).expect("good routes");
        for (path, expected) in set.paths {
            let found = resolver.resolve(&path).map(|found| Found {
                route: found.route_pattern.to_string(),
                name: found.name.map(|name| name.to_string()),
                kwargs: found.params.into_iter().map(|(name, value)| (name.to_string(), value)).collect(),
            });
            assert_eq!(resolver.is_valid_path(&path), found.is_some());
            if found != expected {
                wrong.push(format!("{path:?} among {resolver:?}: {found:?}, in Django {expected:?}"));
            }
        }
        for row in set.reverse {
            let values = match row.kwargs.clone() {
                Some(pairs) => UrlValues::Keyword(pairs.into_iter().collect()),
                None => UrlValues::Positional(row.args.clone()),
            };
            let made = resolver.reverse(&row.name, values);
            if made.as_ref().ok() != row.url.as_ref() {
                wrong.push(format!("{row:?} among {resolver:?}: {made:?}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ, such as\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n\n")
    );
}
