//! The tests of the views. `Client` sends requests inside this process and keeps cookies, as a browser does;
//! the database is an empty one in memory.

use nuages::App;
use nuages::prelude::*;
use nuages::settings::Settings;
use nuages::testing::{self, Client};

use crate::urls::urlpatterns;

/// Returns a client of this project, with its tables migrated.
async fn visitor() -> Result<Client> {
    let in_memory = [("NUAGES_DATABASES__default__NAME".to_owned(), ":memory:".to_owned())];
    let settings = Settings::load_with("settings.toml".as_ref(), in_memory)?;
    let app = App::new(settings).urls(urlpatterns());
    testing::migrate(&app).await?;
    Ok(Client::new(app))
}

#[tokio::test]
async fn visits_are_counted() -> Result<()> {
    let visitor = visitor().await?;
    for visits in 1..=3 {
        assert_eq!(visitor.get("/").await.status(), StatusCode::OK);
        assert_eq!(visitor.session().await?["visits"], visits);
    }
    Ok(())
}

#[tokio::test]
async fn the_visitor_is_greeted_by_name() -> Result<()> {
    let visitor = visitor().await?;
    let page = visitor.post("/name/").form(&[("name", "Django")]).follow_redirects(true).await;
    assert!(page.text().contains("Bonjour, Django."));
    Ok(())
}

#[tokio::test]
async fn forgetting_leaves_nothing() -> Result<()> {
    let visitor = visitor().await?;
    visitor.post("/name/").form(&[("name", "Django")]).await;
    let page = visitor.post("/forget/").follow_redirects(true).await;
    assert!(page.text().contains("Bonjour, stranger."));
    Ok(())
}
