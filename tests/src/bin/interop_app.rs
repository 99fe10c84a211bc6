//! A Nuages project with a view for everything that can be done to a session: the other half of the live
//! tests against Django (`tests/interop/`), and the program that fault tests start, kill and load.
//!
//! Its views answer the same requests, with the same JSON, as `tests/interop/django_site.py`. All of them
//! are GET, so that any client can send them.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime},
};

use nuages::{
    Running, Stop,
    contrib::{auth, messages},
    prelude::*,
    urls::{Route, path},
    view::csrf_exempt,
};

fn main() -> ExitCode {
    manage::run(|settings| {
        let probe = settings.project::<Project>().unwrap_or_default().lifecycle;
        let app = nuages::App::new(settings).urls(urlpatterns());
        if probe.is_empty() { app } else { with_hooks(app, probe) }
    })
}

/// The `[project]` table of the tests' settings.
#[derive(Default, serde::Deserialize)]
struct Project {
    #[serde(default)]
    lifecycle: String,
}

/// Writes what happens at the start and the end into files; `fail` fails at the start, `stay` leaves a task
/// that does not end.
fn with_hooks(app: nuages::App, probe: String) -> nuages::App {
    let note = |app: &Running, name: &str| std::fs::write(app.settings().base_dir.join(name), name);
    app.on_start(async move |app: Running| {
        note(&app, "started")?;
        let ending = app.clone();
        app.spawn("noting", async move |stop: Stop| {
            stop.stopped().await;
            note(&ending, "task-ended").expect("a file");
        });
        app.spawn("breaking", async move |_: Stop| panic!("on purpose"));
        if probe == "stay" {
            app.spawn("staying", async move |_: Stop| std::future::pending::<()>().await);
        }
        if probe == "fail" { Err(Error::new("no prices today")) } else { Ok(()) }
    })
    .on_stop(async move |app: Running| {
        let ended = app.settings().base_dir.join("task-ended").exists();
        note(&app, if ended { "stopped-after-task" } else { "stopped-before-task" })?;
        Ok(())
    })
}

fn urlpatterns() -> Vec<Route> {
    vec![
        path("session/", state),
        path("plain/", plain),
        path("set/", set),
        path("remove/", remove),
        path("count/", count),
        path("slow/", slow),
        path("flush/", flush),
        path("cycle/", cycle),
        path("expiry/", expiry),
        path("login/", sign_in),
        path("logout/", sign_out),
        path("whoami/", whoami),
        path("token/", token),
        path("note/", note),
        path("notes/", notes),
        path("fail/", fail),
        path("upload/", csrf_exempt(upload)),
    ]
}

/// The session, read.
fn state(request: &mut Request) -> Result<Response> {
    let session = &request.session;
    let data: Value = session.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect();
    Response::json(&json!({
        "data": data,
        "expiry_age": session.expiry_age().as_secs(),
        "browser_close": session.expires_at_browser_close(),
    }))
}

/// A page that does not touch the session.
fn plain(_: &mut Request) -> Result<Response> {
    Response::json(&json!({ "plain": true }))
}

/// `?name=JSON&…`: sets each.
fn set(request: &mut Request) -> Result<Response> {
    let values: Vec<(String, String)> =
        request.query().iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    for (name, text) in values {
        let value: Value = serde_json::from_str(&text)?;
        request.session[name.as_str()] = value;
    }
    state(request)
}

/// `?name=…`: removes it.
fn remove(request: &mut Request) -> Result<Response> {
    let name = parameter(request, "name")?;
    request.session.remove::<Value>(&name)?;
    state(request)
}

/// One more, safe under concurrency.
fn count(request: &mut Request) -> Result<Response> {
    request.session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)?;
    state(request)
}

/// `?name=…&seconds=…`: sets a value, and answers only after a while.
async fn slow(request: &mut Request) -> Result<Response> {
    let name = parameter(request, "name")?;
    let seconds: f64 = parameter(request, "seconds")?.parse()?;
    request.session.insert(name, true)?;
    tokio::time::sleep(Duration::try_from_secs_f64(seconds)?).await;
    state(request)
}

/// Ends the session.
fn flush(request: &mut Request) -> Result<Response> {
    request.session.flush();
    Response::json(&json!({ "key": null }))
}

/// A new key for the same data.
fn cycle(request: &mut Request) -> Result<Response> {
    request.session.cycle_key();
    state(request)
}

/// `?value=SECONDS`, `?value=0` (browser close), `?value=null` (the default) or `?at=UNIX_SECONDS`.
fn expiry(request: &mut Request) -> Result<Response> {
    let expiry = match request.query().get("at") {
        Some(moment) => Expiry::At(SystemTime::UNIX_EPOCH + Duration::from_secs(moment.parse()?)),
        None => match parameter(request, "value")?.as_str() {
            "null" => Expiry::Default,
            "0" => Expiry::BrowserClose,
            seconds => Expiry::After(Duration::from_secs(seconds.parse()?)),
        },
    };
    request.session.set_expiry(expiry);
    state(request)
}

/// `?name=…`: logs this user of Django's table in. Whose password is asked for is Django's part here.
async fn sign_in(request: &mut Request) -> Result<Response> {
    let name = parameter(request, "name")?;
    let user = auth::user_by_name(request.db(), &name).await?;
    let user = user.ok_or_else(|| Error::not_found(format!("no user {name:?}")))?;
    auth::login(request, &user).await?;
    state(request)
}

/// Logs out.
fn sign_out(request: &mut Request) -> Result<Response> {
    auth::logout(request);
    Response::json(&json!({ "key": null }))
}

/// Who is logged in.
fn whoami(request: &mut Request) -> Result<Response> {
    let user = request.user();
    let name = user.is_authenticated().then(|| user.username());
    Response::json(&json!({ "user": name }))
}

/// The CSRF token for a form.
fn token(request: &mut Request) -> Result<Response> {
    Response::json(&json!({ "token": request.csrf_token() }))
}

/// `?level=…&text=…&tags=…`: adds a message.
fn note(request: &mut Request) -> Result<Response> {
    let level: i64 = parameter(request, "level")?.parse()?;
    let (text, tags) = (parameter(request, "text")?, parameter(request, "tags")?);
    messages::add_with_tags(request, level, text, &tags)?;
    Response::json(&json!({ "noted": true }))
}

/// The messages, which are gone afterwards.
fn notes(request: &mut Request) -> Result<Response> {
    let found: Vec<Value> = messages::take(request)?
        .into_iter()
        .map(|note| json!([note.level, note.message, note.tags]))
        .collect();
    Response::json(&json!({ "notes": found }))
}

/// A 500 that tried to change the session.
fn fail(request: &mut Request) -> Result<Response> {
    request.session.insert("fail", true)?;
    Ok(Response::json(&json!({ "error": true }))?.with_status(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The size of each file that was sent.
async fn upload(request: &mut Request) -> Result<Response> {
    let form = request.form_data().await?;
    let sizes: Vec<u64> = form.uploads("file").into_iter().map(UploadedFile::size).collect();
    Response::json(&json!({ "sizes": sizes }))
}

fn parameter(request: &Request, name: &str) -> Result<String> {
    let value = request.query().get(name);
    value.map(str::to_owned).ok_or_else(|| Error::bad_request(format!("no ?{name}= in the address")))
}
