//! The side of the project's program, when the supervisor has started it: it dials back, serves on a private
//! port, and ends with the connection.

mod client;
mod connection;

pub(crate) use client::Handed;
pub(crate) use connection::{Connection, invitation};
