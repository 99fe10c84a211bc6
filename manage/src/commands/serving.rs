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
    running: Option<Running>,
    signals: Option<(Signals, Signals)>,
}

impl Serving {
    pub(super) fn prepare(project: &Project, app: App) -> Result<Self, CommandError> {
        let databases = app.databases().map_err(|errors| project.unusable(errors))?;
        let limits = app.settings().server.clone();
        Ok(Self { app, databases, limits, running: None, signals: None })
    }

    pub(super) fn databases(&self) -> &Databases {
        &self.databases
    }

    /// Catches SIGINT and SIGTERM from now on. Called before the address is announced: a signal that came
    /// between the announcement and [`Serving::run`] would end the process without a shutdown.
    pub(super) fn catch_signals(&mut self) -> Result<(), CommandError> {
        self.signals = Some((signals()?, signals()?));
        Ok(())
    }

    /// Runs the project's `on_start` hooks. Called when the log is installed, before the first request.
    pub(super) async fn start(&mut self) -> Result<(), CommandError> {
        self.running = Some(self.app.start().await.map_err(start_error)?);
        Ok(())
    }

    /// Serves the application in `service` until SIGINT or SIGTERM. The first signal lets requests finish and
    /// calls `stopping`, the second ends them.
    pub(super) async fn run<S: HttpService>(
        mut self,
        listener: Listener,
        service: impl FnOnce(App) -> S,
        stopping: impl FnOnce(),
    ) -> Result<(), CommandError> {
        let (mut signals, mut later_signals) = match self.signals.take() {
            Some(caught) => caught,
            None => (signals()?, signals()?),
        };
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
        if let Some(running) = self.running {
            end(running).await;
        }
        self.databases.close().await;
    }
}

fn signals() -> Result<Signals, CommandError> {
    server::signals().map_err(|error: ServerError| CommandError::because("the server cannot start", error))
}

/// Ends the background tasks and runs the `on_stop` hooks. Another signal ends the wait.
async fn end(running: Running) {
    match server::signals() {
        Err(_) => running.end().await,
        Ok(mut signals) => {
            tokio::select! {
                () = running.end() => {}
                _ = signals.next() => {}
            }
        }
    }
}

/// The error of the project's own start.
fn start_error(error: nuages::Error) -> CommandError {
    CommandError::new(error.chain().join(": "))
}
