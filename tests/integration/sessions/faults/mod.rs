//! The faults that a session store meets, injected for real: processes are killed, disks are full, locks are
//! held, servers are stopped. What must hold is in docs/reliability.md.

mod clearing;
mod damage;
mod disk;
mod kill;
mod locks;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
