//! Serving an application until a signal ends it: what `runserver` and `serve` have in common.

use std::time::Duration;

use nuages::{
    App,
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

    /// Serves the application in `service` until SIGINT or SIGTERM. The first signal lets requests finish and calls `stopping`, the second
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
        self.run_until(listener, service, shutdown, abort).await;
        Ok(())
    }

    /// Serves the application in `service` until `shutdown` resolves, which lets requests finish; `abort` ends
    /// them.
    pub(super) async fn run_until<S: HttpService>(
        self,
        listener: Listener,
        service: impl FnOnce(App) -> S,
        shutdown: impl Future<Output = ()>,
        abort: impl Future<Output = ()>,
    ) {
        server::serve_with(listener, service(self.app), &self.limits, shutdown, abort).await;
        self.databases.close().await;
    }
}

fn signals() -> Result<Signals, CommandError> {
    server::signals().map_err(|error: ServerError| CommandError::because("the server cannot start", error))
}
