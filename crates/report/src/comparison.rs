//! The page of a comparison: one file that answers an operator's questions in this order. Are the databases
//! equal? Which rows differ? What is unknown?

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
                " How rows are reduced to numbers that both servers add up: " i { "typed-hash" }
                " uses the hash functions of the types, " i { "md5" } " hashes rows as text, " i { "stream" }
                " reads rows and hashes them in Crossover, " i { "count" } " only counts rows."
            }
            p {
                b { "Compared again." }
                " Rows that differed at first and were read again after the other side had caught up. Rows listed here as \
                 different stayed different."
            }
            p { b { "Warning." } " For information; does not make the databases different." }
        }
    }
}

/// `1 row`, `2 rows`.
fn many(number: u64, one: &str, more: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { more })
}
