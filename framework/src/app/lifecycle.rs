//! The state of an application, and the hooks of its start and its end.

use std::sync::Arc;

use super::{
    App,
    running::{Hook, Running},
};
use crate::Result;

impl App {
    /// Gives the views a value, which [`Request::state`](crate::http::Request::state) returns: one value of
    /// each type. A second one of the same type replaces the first.
    ///
    /// # Examples
    ///
    /// ```
    /// use nuages::{App, prelude::*, settings::Settings, urls::path};
    ///
    /// struct Shop {
    ///     name: String,
    /// }
    ///
    /// fn index(request: &mut Request) -> Result<String> {
    ///     Ok(format!("Welcome to {}", request.state::<Shop>()?.name))
    /// }
    ///
    /// fn app(settings: Settings) -> App {
    ///     App::new(settings).urls(vec![path("", index)]).state(Shop { name: "Nuages".to_owned() })
    /// }
    /// ```
    pub fn state<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.with(|plan| plan.states.insert(value))
    }

    /// Adds a hook that runs before the first request, after the checks. If it fails, the server does not
    /// start. It runs once.
    pub fn on_start<Fut>(self, hook: impl FnOnce(Running) -> Fut + Send + 'static) -> Self
    where
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.with(|plan| plan.on_start.push(Hook::new(hook)))
    }

    /// Adds a hook that runs after the last request, when the background tasks have ended. Its error is
    /// logged. It runs once.
    pub fn on_stop<Fut>(self, hook: impl FnOnce(Running) -> Fut + Send + 'static) -> Self
    where
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.with(|plan| plan.on_stop.push(Hook::new(hook)))
    }

    /// Runs the [`App::on_start`] hooks. `manage runserver` does it; a program that calls
    /// [`serve`](crate::server::serve) does it before, and calls [`Running::end`] afterwards.
    ///
    /// # Errors
    ///
    /// Fails if the application has mistakes, or with the error of the first hook that fails; what the hooks
    /// before it started has then ended.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use nuages::{App, server::{Listener, serve, signals}};
    ///
    /// async fn run(app: App) -> nuages::Result<()> {
    ///     let listener = Listener::bind("127.0.0.1:8000").await?;
    ///     let mut signals = signals()?;
    ///     let running = app.start().await?;
    ///     let settings = app.settings().server.clone();
    ///     serve(listener, app, &settings, async { let _ = signals.next().await; }).await;
    ///     running.end().await;
    ///     Ok(())
    /// }
    /// ```
    pub async fn start(&self) -> Result<Running> {
        let site = Arc::clone(&self.ready()?.site);
        let running = Running::new(site, &self.plan.on_stop);
        for hook in &self.plan.on_start {
            if let Err(error) = hook.run(&running).await {
                running.end().await;
                return Err(error.context("an on_start hook failed"));
            }
        }
        Ok(running)
    }
}
