//! Nonces of signed calls: each counts once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crossover_routing::admin::MAX_CLOCK_SKEW;
use crossover_routing::{Millis, UnixMillis};
use serde::Deserialize;
use worker::{Result, SqlStorage};

/// Permitted clock difference between isolate and Durable Object, on top of the accepted skew.
const NONCE_MARGIN: Millis = Millis(60_000);

/// Until when a nonce has to be remembered, for a call signed at `signed`.
pub fn expiry(signed: UnixMillis) -> UnixMillis {
    signed + MAX_CLOCK_SKEW + NONCE_MARGIN
}

/// The nonces of calls that change something, kept on disk.
pub struct UsedNonces {
    sql: SqlStorage,
}

#[derive(Deserialize)]
struct Count {
    n: u32,
}

impl UsedNonces {
    /// In this storage; the table is created at first use.
    pub const fn new(sql: SqlStorage) -> Self {
        Self { sql }
    }

    /// Whether the nonce is new. The nonce counts as used until `expires`.
    pub fn first_use(&self, nonce: &str, expires: UnixMillis, now: UnixMillis) -> Result<bool> {
        self.sql.exec(
            "create table if not exists nonces (nonce text primary key, expires_ms integer not null)",
            None,
        )?;
        self.sql.exec(
            "delete from nonces where expires_ms < ?",
            vec![(now.0 as i64).into()],
        )?;
        let seen: Count = self
            .sql
            .exec(
                "select count(*) as n from nonces where nonce = ?",
                vec![nonce.into()],
            )?
            .one()?;
        if seen.n > 0 {
            return Ok(false);
        }
        self.sql.exec(
            "insert into nonces (nonce, expires_ms) values (?, ?)",
            vec![nonce.into(), (expires.0 as i64).into()],
        )?;
        Ok(true)
    }
}

/// The nonces of calls that change nothing, seen by this instance of a Durable Object.
///
/// Kept in memory: a durable write would delay every read for the disk, also inside the pause. After a
/// restart a read could at worst be replayed.
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
