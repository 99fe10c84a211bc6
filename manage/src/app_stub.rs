//! Stands in for `nuages::App` until it is here.
#![allow(missing_docs, reason = "gone once nuages::App is here")]
use nuages::settings::{Settings, SettingsErrors};
pub struct App(Settings);
impl App {
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
    pub fn check(&self) -> Result<(), SettingsErrors> {
        let _ = &self.0;
        Ok(())
    }
}
