//! The views: each takes a request and answers it.

use nuages::prelude::*;
use serde::Deserialize;

/// The first page. All that it knows of its visitor comes out of the session.
pub async fn index(request: &mut Request) -> Result<Response> {
    let visits = request.session.get::<u64>("visits")?.unwrap_or(0) + 1;
    request.session.insert("visits", visits)?;

    let name = request.session.get::<String>("name")?;
    let session: Value = request.session.iter().map(|(key, value)| (key, value.clone())).collect();
    render(request, "index.html", context! { visits, name, session => format!("{session:#}") })
}

#[derive(Deserialize)]
struct NameForm {
    name: String,
}

/// Keeps the name that the form sends, and shows the first page again.
pub async fn remember_name(request: &mut Request) -> Result<Response> {
    let form = request.form::<NameForm>().await?;
    let name: String = form.name.trim().chars().take(60).collect();
    if !name.is_empty() {
        request.session["name"] = json!(name);
    }
    Ok(redirect(request.reverse("index", ())?))
}

/// Ends the session: its data and its key are gone, and the next page starts a new one.
pub fn forget(request: &mut Request) -> Result<Response> {
    request.session.flush();
    Ok(redirect(request.reverse("index", ())?))
}
