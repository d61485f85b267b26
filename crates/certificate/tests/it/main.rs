//! Certificates of real servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails fails its test"
)]

mod issue;
#[allow(
    dead_code,
    reason = "shared with the tests of the comparison, which use more of it"
)]
#[path = "../../../verify/tests/it/pair.rs"]
mod pair;
