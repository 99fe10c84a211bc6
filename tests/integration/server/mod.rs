//! The server on a real socket: raw bytes in, raw bytes out. One test for each row of its promises.

mod application;
mod departures;
mod descriptors;
mod drain;
mod framing;
mod limits;
mod protocol;
mod slow_bodies;
mod smuggling;
mod uploads;

use crate::support::raw_server as harness;
