//! The nonces of calls that change nothing.
//!
//! Kept in memory: a durable write would delay every read for the disk, also inside the pause. After a
//! restart a read could at worst be replayed. Nonces of calls that change the lane are in the store.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crossover_routing::UnixMillis;

/// The nonces seen by this instance of the lane.
#[derive(Default)]
pub struct Nonces {
    expiry: RefCell<BTreeMap<String, UnixMillis>>,
}

impl Nonces {
    /// Whether the nonce is new. The nonce counts as used until `expires`.
    pub fn first_use(&self, nonce: &str, expires: UnixMillis, now: UnixMillis) -> bool {
        let mut expiry = self.expiry.borrow_mut();
        expiry.retain(|_, expires| *expires >= now);
        expiry.insert(nonce.to_owned(), expires).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_counts_once_until_it_expires() {
        let nonces = Nonces::default();
        assert!(nonces.first_use("a", UnixMillis(100), UnixMillis(0)));
        assert!(!nonces.first_use("a", UnixMillis(100), UnixMillis(50)));
        assert!(nonces.first_use("b", UnixMillis(300), UnixMillis(50)));
        assert!(
            nonces.first_use("a", UnixMillis(300), UnixMillis(101)),
            "expired nonces are removed: memory is bounded"
        );
        assert_eq!(nonces.expiry.borrow().len(), 2);
    }
}
