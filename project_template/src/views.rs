//! The views. Each takes a request and returns the response.

use nuages::prelude::*;
use serde::Deserialize;

/// Shows the first page. The number of visits and the visitor's name are in the session.
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

/// Stores the name from the form in the session, and redirects to the first page.
pub async fn remember_name(request: &mut Request) -> Result<Response> {
    let form = request.form::<NameForm>().await?;
    let name: String = form.name.trim().chars().take(60).collect();
    if !name.is_empty() {
        request.session["name"] = json!(name);
    }
    Ok(redirect(request.reverse("index", ())?))
}

/// Ends the session: deletes its data and its key. The next request starts a new one.
pub fn forget(request: &mut Request) -> Result<Response> {
    request.session.flush();
    Ok(redirect(request.reverse("index", ())?))
}
