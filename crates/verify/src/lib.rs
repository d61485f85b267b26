//! Row-level comparison of two databases: what is equal, what is not, and a certificate that can be checked later.

pub mod certificate;
