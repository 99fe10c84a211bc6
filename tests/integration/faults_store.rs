//! The faults that a session store meets, injected for real: processes are killed, disks are full, locks are
//! held, servers are stopped. What must hold is in docs/reliability.md.

mod kill;
mod program;
mod visitor;
