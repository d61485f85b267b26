//! The page: one file in the order of an operator's questions. Are they equal? What differs, exactly? What is not known?

mod beyond;
mod differences;
mod head;
mod not_compared;
mod tables;
#[cfg(test)]
mod tests;
mod value;

use crossover_page::document;

use super::Report;

const STYLE: &str = include_str!("html/style.css");

/// Rows of a list that are shown at once; further ones are folded.
const SHOWN: usize = 25;

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let mut body = head::section(report);
    body.push_str(&not_compared::section(report));
    body.push_str(&tables::section(report));
    body.push_str(&differences::section(report));
    body.push_str(&beyond::sections(report));
    body.push_str(FOOTER);
    let title = format!("{} · Crossover verify", head::word(report));
    document(&title, STYLE, &body)
}

const FOOTER: &str = r"<footer><p><b>Method.</b> How rows became numbers that both servers add up: <i>typed-hash</i> by the types' own hashes, <i>md5</i> by texts, <i>stream</i> read and hashed here, <i>count</i> not at all: rows were only counted.</p><p><b>Looked at again.</b> Rows that differed at first and were read again once the other side had caught up. What is listed here as different stayed different.</p><p><b>Warning.</b> Worth knowing; it does not make the databases different.</p></footer>";

/// A block that opens at a click. `summary` and `content` are HTML already.
fn folded(open: bool, summary: &str, content: &str) -> String {
    let open = if open { " open" } else { "" };
    format!("<details{open}><summary>{summary}</summary>{content}</details>")
}

/// What fits is shown, the rest folded: each part is put into `wrap` by itself.
fn with_rest(lines: &[String], what: &str, wrap: impl Fn(&str) -> String) -> String {
    if lines.is_empty() {
        return String::new();
    }
    // Nobody opens a fold to find two lines in it.
    let shown = if lines.len() <= SHOWN + SHOWN / 2 {
        lines.len()
    } else {
        SHOWN
    };
    let (first, rest) = lines.split_at(shown);
    let mut html = wrap(&first.concat());
    if !rest.is_empty() {
        let summary = format!("{} more {what}", crossover_page::number::count(rest.len() as u64));
        html.push_str(&folded(false, &summary, &wrap(&rest.concat())));
    }
    html
}

/// `1 row`, `2 rows`.
fn many(number: u64, one: &str, more: &str) -> String {
    format!(
        "{} {}",
        crossover_page::number::count(number),
        if number == 1 { one } else { more }
    )
}
