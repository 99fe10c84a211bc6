//! The server on a real socket: raw bytes in, raw bytes out. One test for each row of its promises.

mod application;
mod drain;
mod limits;
mod protocol;
mod smuggling;

use crate::support::raw_server as harness;
