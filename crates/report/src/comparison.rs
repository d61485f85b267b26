//! The page of a comparison: one file in the order of an operator's questions. Are they equal? What differs, exactly? What is
//! not known?

mod beyond;
mod differences;
mod head;
mod not_compared;
mod tables;
#[cfg(test)]
mod tests;
mod value;

use crossover_verify::Report;
use maud::{Markup, html};

use crate::{number::count, page::document};

const STYLE: &str = include_str!("comparison/style.css");

/// The whole page.
pub fn page(report: &Report) -> String {
    let body = html! {
        (head::section(report))
        (not_compared::section(report))
        (tables::section(report))
        (differences::section(report))
        (beyond::sections(report))
        (footer())
    };
    let title = format!("{} · Crossover verify", head::word(report));
    document(&title, STYLE, &body)
}

fn footer() -> Markup {
    html! {
        footer {
            p {
                b { "Method." }
                " How rows became numbers that both servers add up: " i { "typed-hash" }
                " by the types' own hashes, " i { "md5" } " by texts, " i { "stream" }
                " read and hashed here, " i { "count" } " not at all: rows were only counted."
            }
            p {
                b { "Looked at again." }
                " Rows that differed at first and were read again once the other side had caught up. What is listed here as \
                 different stayed different."
            }
            p { b { "Warning." } " Worth knowing; it does not make the databases different." }
        }
    }
}

/// `1 row`, `2 rows`.
fn many(number: u64, one: &str, more: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { more })
}
