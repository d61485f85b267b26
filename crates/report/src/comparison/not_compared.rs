//! Items that were not compared. Unknown is not equal, so this section precedes the known results.

use crossover_verify::Report;
use maud::{Markup, html};

use crate::page::{name, with_rest};

pub(super) fn section(report: &Report) -> Markup {
    let failed = report.could_not_run.iter();
    let lines: Vec<Markup> = failed
        .map(|failed| {
            html! {
                li {
                    b { (name(&failed.name)) } ": " (failed.reason)
                    span.remedy { (failed.remedy) }
                }
            }
        })
        .collect();
    html! {
        @if !lines.is_empty() {
            section.warnings {
                h2 { "Not compared" }
                (with_rest(&lines, "not compared", |lines| html! { ul.findings { (lines) } }))
            }
        }
    }
}
