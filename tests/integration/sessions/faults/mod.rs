//! The faults that a session store meets, caused for real: processes are killed, disks are full, locks are held,
//! servers are stopped. docs/reliability.md has the promises.

mod clearing;
mod damage;
mod disk;
mod files;
mod kill;
mod locks;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod sweeps;
