//! Which view answers which URL: the first pattern that matches.

use nuages::urls::{Route, path};

use crate::views;

pub fn urlpatterns() -> Vec<Route> {
    vec![
        path("", views::index).name("index"),
        path("name/", views::remember_name).name("remember_name"),
        path("forget/", views::forget).name("forget"),
    ]
}
