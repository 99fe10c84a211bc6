//! The names that most views need: `use nuages::prelude::*;`

pub use crate::{
    Error, Result, StatusCode, Value, context,
    http::{Html, IntoResponse, Json, Request, Response, redirect, render},
    json,
    middleware::Next,
    sessions::Expiry,
};
