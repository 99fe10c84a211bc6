//! Expiry: Django's `set_expiry` in every form, and the expiry that the server enforces.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::check::{Needs, Subject, SuiteCheck, checks, ensure, ensure_eq};
use crate::{
    Clock, Error, Result,
    sessions::{Expiry, Saved, Session, SessionEngine},
};

pub(super) static CHECKS: [SuiteCheck; 10] = checks![Needs::Nothing;
    the_default_age_is_the_cookie_age,
    seconds_count_from_the_last_change,
    a_moment_is_stored_as_django_stores_it,
    the_default_comes_back,
    browser_close_follows_session_then_setting,
    a_session_ends_after_the_cookie_age,
    a_session_ends_by_its_own_expiry,
    browser_close_still_ends_on_the_server,
    an_absolute_age_ends_an_active_session,
    a_clock_that_goes_back_ends_nothing,
];

pub(super) static SERVER_CHECKS: [SuiteCheck; 2] = checks![Needs::Server;
    a_save_moves_the_end,
    a_near_expiry_is_not_moved_at_every_save,
];

const HOUR: Duration = Duration::from_secs(3600);

async fn the_default_age_is_the_cookie_age(subject: &Subject) -> Result<()> {
    let (engine, clock) = subject.engine_with(|settings| settings.session.cookie_age = HOUR);
    let session = engine.new_session();
    ensure_eq!(session.expiry_age(), HOUR, "the age");
    let left = session.expiry_date().duration_since(clock.now()).unwrap_or_default();
    ensure!(left > HOUR - Duration::from_secs(5), "the date is {left:?} away");
    Ok(())
}

async fn seconds_count_from_the_last_change(subject: &Subject) -> Result<()> {
    let mut session = subject.engine().new_session();
    session.set_expiry(Expiry::After(Duration::from_secs(10)));
    ensure_eq!(session["_session_expiry"], json!(10), "Django's key");
    ensure_eq!(session.expiry_age(), Duration::from_secs(10), "the age");
    ensure!(session.is_modified(), "set_expiry must mark modified");
    Ok(())
}

async fn a_moment_is_stored_as_django_stores_it(subject: &Subject) -> Result<()> {
    let mut session = subject.engine().new_session();
    let moment = UNIX_EPOCH + Duration::new(1_928_030_706, 789_000);
    session.set_expiry(Expiry::At(moment));
    ensure_eq!(session["_session_expiry"], json!("2031-02-05T04:05:06.000789+00:00"), "Django's text");
    ensure_eq!(session.expiry_date(), moment, "the date");
    Ok(())
}

async fn the_default_comes_back(subject: &Subject) -> Result<()> {
    let (engine, _) = subject.engine_with(|settings| settings.session.cookie_age = HOUR);
    let mut session = engine.new_session();
    session.set_expiry(Expiry::After(Duration::from_secs(10)));
    session.set_expiry(Expiry::Default);
    ensure!(!session.contains_key("_session_expiry"), "the session's own expiry stayed");
    ensure_eq!(session.expiry_age(), HOUR, "the age");
    Ok(())
}

async fn browser_close_follows_session_then_setting(subject: &Subject) -> Result<()> {
    for setting in [false, true] {
        let (engine, _) = subject.engine_with(|settings| settings.session.expire_at_browser_close = setting);
        let mut session = engine.new_session();
        ensure_eq!(session.expires_at_browser_close(), setting, "the default");
        session.set_expiry(Expiry::After(Duration::from_secs(10)));
        ensure!(!session.expires_at_browser_close(), "ten seconds count as browser close");
        session.set_expiry(Expiry::BrowserClose);
        ensure!(session.expires_at_browser_close(), "browser close does not");
        session.set_expiry(Expiry::Default);
        ensure_eq!(session.expires_at_browser_close(), setting, "the default again");
    }
    Ok(())
}

/// Whether the session still counts.
async fn is_alive(engine: &SessionEngine, session: &Session) -> Result<bool> {
    Ok(Subject::reload(engine, session).await?.contains_key("x"))
}

/// Checks that the session lives shortly before `age` has passed and not after it.
async fn ends_after(engine: &SessionEngine, clock: &Clock, session: &Session, age: Duration) -> Result<()> {
    clock.advance(age - Duration::from_secs(3));
    ensure!(is_alive(engine, session).await?, "it ended early");
    clock.advance(Duration::from_secs(4));
    ensure!(!is_alive(engine, session).await?, "it did not end");
    Ok(())
}

async fn a_session_ends_after_the_cookie_age(subject: &Subject) -> Result<()> {
    let (engine, clock) = subject.engine_with(|settings| settings.session.cookie_age = HOUR);
    let session = Subject::stored(&engine, json!({"x": 1})).await?;
    ends_after(&engine, &clock, &session, HOUR).await
}

async fn a_session_ends_by_its_own_expiry(subject: &Subject) -> Result<()> {
    for at in [false, true] {
        let (engine, clock) = subject.engine_with(|_| {});
        let mut session = engine.new_session();
        session["x"] = json!(1);
        let age = Duration::from_secs(300);
        session.set_expiry(if at { Expiry::At(clock.now() + age) } else { Expiry::After(age) });
        ensure_eq!(engine.save(&mut session).await?, Saved::Stored, "save");
        ends_after(&engine, &clock, &session, age).await?;
    }
    Ok(())
}

async fn browser_close_still_ends_on_the_server(subject: &Subject) -> Result<()> {
    let (engine, clock) = subject.engine_with(|settings| settings.session.cookie_age = HOUR);
    let mut session = engine.new_session();
    session["x"] = json!(1);
    session.set_expiry(Expiry::BrowserClose);
    ensure_eq!(engine.save(&mut session).await?, Saved::Stored, "save");
    ends_after(&engine, &clock, &session, HOUR).await
}

async fn an_absolute_age_ends_an_active_session(subject: &Subject) -> Result<()> {
    let (engine, clock) = subject.engine_with(|settings| {
        settings.session.cookie_age = HOUR;
        settings.session.absolute_age = Some(HOUR * 2);
    });
    let mut session = Subject::stored(&engine, json!({"x": 0})).await?;
    ensure!(session.len() == 1, "the moment of creation shows among the values");
    for step in 1..=3 {
        clock.advance(HOUR / 2);
        session = Subject::reload(&engine, &session).await?;
        ensure!(session.contains_key("x"), "an active session ended after {step} half hours");
        // Neither a change nor emptying it buys time.
        session.clear();
        session["x"] = json!(step);
        ensure_eq!(engine.save(&mut session).await?, Saved::Stored, "save");
    }
    ensure!(session.expiry_age() <= HOUR / 2, "the age goes past the absolute end");
    ends_after(&engine, &clock, &session, HOUR / 2).await
}

async fn a_clock_that_goes_back_ends_nothing(subject: &Subject) -> Result<()> {
    let (engine, clock) = subject.engine_with(|settings| settings.session.cookie_age = HOUR);
    let session = Subject::stored(&engine, json!({"x": 1})).await?;
    clock.rewind(HOUR * 24);
    ensure!(is_alive(&engine, &session).await?, "a clock that went back ended the session");
    Ok(())
}

async fn a_save_moves_the_end(subject: &Subject) -> Result<()> {
    let (engine, clock) = subject.engine_with(|settings| settings.session.cookie_age = HOUR);
    let session = Subject::stored(&engine, json!({"x": 1})).await?;
    clock.advance(HOUR / 2);
    let mut next = Subject::reload(&engine, &session).await?;
    next["y"] = json!(1);
    ensure_eq!(engine.save(&mut next).await?, Saved::Stored, "save");
    ends_after(&engine, &clock, &next, HOUR).await
}

async fn a_near_expiry_is_not_moved_at_every_save(subject: &Subject) -> Result<()> {
    // Within a minute and 1% of the age the stored end may stay; never longer, so nothing ends early by more.
    let (engine, clock) = subject.engine_with(|settings| settings.session.cookie_age = HOUR);
    let mut session = Subject::stored(&engine, json!({"x": 0})).await?;
    for step in 1..=60 {
        clock.advance(Duration::from_secs(20));
        session = Subject::reload(&engine, &session).await?;
        session.insert("x", step)?;
        ensure_eq!(engine.save(&mut session).await?, Saved::Stored, "save");
    }
    clock.advance(HOUR - Duration::from_secs(60));
    if !is_alive(&engine, &session).await? {
        return Err(Error::new("an active session ended more than a minute early"));
    }
    clock.advance(Duration::from_secs(61));
    ensure!(!is_alive(&engine, &session).await?, "it did not end");
    Ok(())
}
