//! The start and the end of an application: hooks, background tasks, and [`Running`], which both get.
//!
//! `manage runserver` starts the application before the first request and ends it after the last one.
//! A program that calls [`serve`](crate::server::serve) itself does the same with [`App::start`](super::App::start).

use std::{
    fmt,
    future::Future,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::JoinHandle, time::timeout};

use crate::{
    BoxFuture, Error, Result,
    cache::Caches,
    db::Databases,
    error::panic_message,
    future::catch_panic,
    http::{Site, Stop},
    settings::Settings,
};

/// A hook that runs once, at the start or the end.
#[derive(Clone)]
pub(super) struct Hook(Arc<Mutex<Option<Run>>>);

type Run = Box<dyn FnOnce(Running) -> BoxFuture<'static, Result<()>> + Send>;

impl Hook {
    pub(super) fn new<Fut>(run: impl FnOnce(Running) -> Fut + Send + 'static) -> Self
    where
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self(Arc::new(Mutex::new(Some(Box::new(move |running| Box::pin(run(running)))))))
    }

    /// Runs the hook, unless it has run before.
    pub(super) async fn run(&self, running: &Running) -> Result<()> {
        let run = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(run) = run else { return Ok(()) };
        match catch_panic(pin!(async { run(running.clone()).await })).await {
            Ok(result) => result,
            Err(panic) => Err(Error::new(format!("a panic: {}", panic_message(&*panic)))),
        }
    }
}

/// An application that runs: what hooks get, to read its state and to start background tasks.
///
/// # Examples
///
/// ```
/// use nuages::{App, Running, Stop, settings::Settings};
/// use std::time::Duration;
///
/// fn app(settings: Settings) -> App {
///     App::new(settings).on_start(async |app: Running| {
///         app.spawn("prices", async move |stop: Stop| {
///             while !stop.is_stopped() {
///                 println!("new prices");
///                 tokio::select! {
///                     () = tokio::time::sleep(Duration::from_secs(60)) => {}
///                     () = stop.stopped() => {}
///                 }
///             }
///         });
///         Ok(())
///     })
/// }
/// ```
#[derive(Clone)]
pub struct Running {
    site: Arc<Site>,
    tasks: Arc<Tasks>,
    on_stop: Arc<[Hook]>,
}

#[derive(Default)]
struct Tasks(Mutex<Vec<(String, JoinHandle<()>)>>);

impl Tasks {
    fn take(&self) -> Vec<(String, JoinHandle<()>)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Running {
    pub(super) fn new(site: Arc<Site>, on_stop: &[Hook]) -> Self {
        Self { site, tasks: Arc::default(), on_stop: on_stop.into() }
    }

    /// Starts a background task. It ends with the server: `stop` tells when, and the server then waits
    /// `GRACEFUL_TIMEOUT` for it. A panic is logged with the name of the task.
    pub fn spawn<Fut>(&self, name: impl Into<String>, task: impl FnOnce(Stop) -> Fut + Send + 'static)
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (name, stop) = (name.into(), self.stop());
        let logged = name.clone();
        let handle = tokio::spawn(async move {
            if let Err(panic) = catch_panic(pin!(async { task(stop).await })).await {
                let panic = panic_message(&*panic);
                tracing::error!(target: "nuages.task", task = logged, panic, "the task {logged:?} panicked");
            }
        });
        let mut tasks = self.tasks.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|(_, task)| !task.is_finished());
        tasks.push((name, handle));
    }

    /// The token that background tasks get.
    pub fn stop(&self) -> Stop {
        self.site.lifecycle.stop()
    }

    /// Returns the value of this type that [`App::state`](crate::App::state) gave.
    ///
    /// # Errors
    ///
    /// Names the type, if there is no such value.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        Ok(self.site.states.get()?)
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.site.settings
    }

    /// The databases.
    pub fn db(&self) -> &Databases {
        &self.site.databases
    }

    /// The caches.
    pub fn caches(&self) -> &Caches {
        &self.site.caches
    }

    /// Ends the application: stops the tasks, waits `GRACEFUL_TIMEOUT` for them, aborts those that are left,
    /// and runs the [`App::on_stop`](crate::App::on_stop) hooks. Call it when the server has ended;
    /// `manage runserver` does.
    pub async fn end(self) {
        self.site.lifecycle.end();
        let deadline = tokio::time::Instant::now() + self.settings().server.graceful_timeout;
        // A task may start others while it ends.
        loop {
            let tasks = self.tasks.take();
            if tasks.is_empty() {
                break;
            }
            for (name, mut task) in tasks {
                let left = deadline.saturating_duration_since(tokio::time::Instant::now());
                if timeout(left.max(Duration::from_millis(1)), &mut task).await.is_err() {
                    tracing::warn!(target: "nuages.task", task = name, "the task {name:?} did not end in time");
                    task.abort();
                }
            }
        }
        for hook in self.on_stop.iter() {
            if let Err(error) = hook.run(&self).await {
                tracing::error!(target: "nuages.app", ?error, "an on_stop hook failed");
            }
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("stop", &self.stop()).finish_non_exhaustive()
    }
}
