//! Faults that the log names once: damaged data are met by every request of their visitor.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

/// How many faults are remembered. Beyond them all are forgotten, and a fault may be logged again.
const CAPACITY: usize = 4096;

/// Remembers which faults were logged.
#[derive(Debug, Default)]
pub(crate) struct LogOnce {
    hasher: RandomState,
    logged: Mutex<HashSet<u64>>,
}

impl LogOnce {
    /// Whether this fault is met for the first time. Only a hash of it is kept.
    pub(crate) fn is_first(&self, fault: impl Hash) -> bool {
        let fault = self.hasher.hash_one(fault);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() >= CAPACITY {
            logged.clear();
        }
        logged.insert(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_new_once_and_memory_is_bounded() {
        let faults = LogOnce::default();
        assert!(faults.is_first("a") && faults.is_first("b"));
        assert!(!faults.is_first("a") && !faults.is_first("b"));
        for number in 0..3 * CAPACITY {
            assert!(faults.is_first(number));
        }
        assert!(faults.logged.lock().expect("no panic").len() <= CAPACITY);
    }
}
