//! Serving an application until a signal ends it: what `runserver` and `serve` have in common.

use std::time::Duration;

use nuages::{
    App, Running,
    db::Databases,
    server::{self, HttpService, Listener, ServerError, Signals},
    settings::ServerSettings,
};

use crate::{CommandError, Project, logging};

/// How long after the first signal the effect of a second one is named.
const NOTICE_DELAY: Duration = Duration::from_millis(300);

/// A checked application that can be served.
pub(super) struct Serving {
    app: App,
    databases: Databases,
    limits: ServerSettings,
}

impl Serving {
    pub(super) fn prepare(project: &Project, app: App) -> Result<Self, CommandError> {
        let databases = app.databases().map_err(|errors| project.unusable(errors))?;
        let limits = app.settings().server.clone();
        Ok(Self { app, databases, limits })
    }

    pub(super) fn databases(&self) -> &Databases {
        &self.databases
    }

    /// Runs the project's own start.
    ///
    /// # Errors
    ///
    /// Where the project's start fails.
    pub(super) async fn start(self) -> Result<Started, CommandError> {
        let running = self.app.start().await.map_err(|error| {
            let text = error.chain().join(": ");
            CommandError::new(if text.is_empty() { "the application cannot start".to_owned() } else { text })
        })?;
        Ok(Started { serving: self, running })
    }
}

/// An application that has started.
pub(super) struct Started {
    serving: Serving,
    running: Running,
}

impl Started {
    /// Serves the application in `service` until SIGINT or SIGTERM. The first signal lets requests finish and calls
    /// `stopping`, the second
    /// ends them.
    pub(super) async fn run<S: HttpService>(
        self,
        listener: Listener,
        service: impl FnOnce(App) -> S,
        stopping: impl FnOnce(),
    ) -> Result<(), CommandError> {
        let (mut signals, mut later_signals) = (signals()?, signals()?);
        let shutdown = async {
            signals.next().await;
            stopping();
        };
        let abort = async {
            later_signals.next().await;
            tokio::select! {
                _ = later_signals.next() => {}
                // The server has said what it waits for. Without a request it has ended by now.
                () = tokio::time::sleep(NOTICE_DELAY) => {
                    tracing::info!(target: logging::SERVER, "press CONTROL-C again to stop at once");
                    later_signals.next().await;
                }
            }
        };
        let another_signal = async {
            if let Ok(mut signals) = self::signals() {
                signals.next().await;
            }
        };
        self.run_until(listener, service, shutdown, abort, another_signal).await;
        Ok(())
    }

    /// Serves the application in `service` until `shutdown` resolves, which lets requests finish; `abort` ends
    /// them. Then runs the project's own end, and waits for its tasks until `hurry` resolves.
    pub(super) async fn run_until<S: HttpService>(
        self,
        listener: Listener,
        service: impl FnOnce(App) -> S,
        shutdown: impl Future<Output = ()>,
        abort: impl Future<Output = ()>,
        hurry: impl Future<Output = ()>,
    ) {
        let Serving { app, databases, limits } = self.serving;
        server::serve_with(listener, service(app), &limits, shutdown, abort).await;
        tokio::select! {
            () = self.running.end() => {}
            () = hurry => {}
        }
        databases.close().await;
    }
}

fn signals() -> Result<Signals, CommandError> {
    server::signals().map_err(|error: ServerError| CommandError::because("the server cannot start", error))
}
