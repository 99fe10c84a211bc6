//! Forms of JSON clients: `Form::from_json`, and the problem details that answer an invalid one.

use serde_json::{Value, json};

use super::{Form, FormField};
use crate::{
    StatusCode,
    http::{IntoResponse as _, Json, Response},
};

impl Form {
    /// Makes a bound form of a JSON object, whose names are those of the fields. A list of forms is an array
    /// of objects, a checkbox true or false.
    ///
    /// [`Request::form_data`](crate::http::Request::form_data) does it for a body that is JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::prelude::*;
    ///
    /// async fn create(request: &mut Request) -> Result<Response> {
    ///     let mut form = Form::from_json(request.json::<Value>().await?);
    ///     let name = form.text("name").max_length(100).required();
    ///     match form.valid(name) {
    ///         Some(name) => Response::json(&json!({ "created": name })),
    ///         None => Ok(form.problem()),
    ///     }
    /// }
    /// # let _ = create;
    /// ```
    pub fn from_json(json: impl Into<Value>) -> Self {
        Self::bound(&json.into())
    }

    /// The errors as problem details (RFC 9457): a 422 of the media type `application/problem+json`, with a
    /// JSON pointer to each value that is not valid.
    pub fn problem(&self) -> Response {
        let mut errors = Vec::new();
        self.collect("#", &mut errors);
        let problem = json!({
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "detail": "the values are not valid",
            "errors": errors,
        });
        let mut response = match Json(problem).into_response() {
            Ok(response) => response.with_status(StatusCode::UNPROCESSABLE_ENTITY),
            Err(_) => Response::empty(StatusCode::UNPROCESSABLE_ENTITY),
        };
        response.set_header("Content-Type", "application/problem+json");
        response
    }

    fn collect(&self, pointer: &str, errors: &mut Vec<Value>) {
        let error = |pointer: &str, message| {
            json!({
                "detail": self.messages.text(message),
                "pointer": pointer,
                "code": message.code(),
            })
        };
        errors.extend(self.errors.iter().map(|message| error(pointer, message)));
        for FormField { name, errors: messages, rows, .. } in &self.fields {
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            errors.extend(messages.iter().map(|message| error(&pointer, message)));
            for (index, row) in rows.iter().enumerate() {
                row.collect(&format!("{pointer}/{index}"), errors);
            }
        }
    }
}
