//! Builds the project with cargo, and reads cargo's messages.

mod cargo;
mod message;
mod progress;

pub(super) use cargo::{Built, Outcome, build};
