//! The names that most views use: `use nuages::prelude::*;`
//!
//! ```
//! use nuages::prelude::*;
//!
//! async fn greet(request: &mut Request, name: String) -> Result<Json<Value>> {
//!     request.session["name"] = json!(name);
//!     Ok(Json(json!({ "hello": name })))
//! }
//! ```

pub use crate::{
    Error, Result, StatusCode, Value, context,
    http::{
        Events, FileResponse, Form, Html, IntoResponse, Json, Request, Response, UploadedFile, redirect,
        render,
    },
    json,
    middleware::Next,
    sessions::Expiry,
};
