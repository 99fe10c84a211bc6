//! The URL patterns and their views. The first pattern that matches answers a request.

use nuages::urls::{Route, path};
use nuages::view::methods;

use crate::views;

pub fn urlpatterns() -> Vec<Route> {
    vec![
        path("", views::index).name("index"),
        path("name/", methods().post(views::remember_name)).name("remember_name"),
        path("forget/", methods().post(views::forget)).name("forget"),
    ]
}
