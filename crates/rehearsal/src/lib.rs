//! The rehearsal: a whole cutover on one machine, under load, with a verdict.

pub mod api;
pub mod dump;
pub mod ledger;
pub mod load;
pub mod shop;
