//! Reports for people: pages of one look, charts, numbers as they are read.
//!
//! A page is one file that refers to nothing outside itself. Whoever has a report of their own builds it from [`page`], with
//! styles for what only that report shows. All text goes through maud, which escapes it.

pub mod chart;
pub mod comparison;
pub mod number;
pub mod page;
