//! HTML reports: pages in one style, charts, formatted numbers.
//!
//! A page is one file without references to other files. Other crates build their reports on [`page`], with
//! additional styles for the elements of that report. All text is escaped by maud.

pub mod chart;
pub mod checks;
pub mod comparison;
pub mod number;
pub mod page;
mod visible;

pub use visible::visible;
