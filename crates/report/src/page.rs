//! The common elements of all pages: frame, header, sections, lists.

use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

use crate::number::count;
use crate::visible::visible;

const STYLE: &str = include_str!("style.css");

/// The number of list rows shown unfolded; the rest is folded.
const SHOWN: usize = 25;

/// A verdict's colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Good,
    Fair,
    Bad,
}

impl State {
    /// The CSS class.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Bad => "bad",
        }
    }
}

/// A figure below the header of a page.
pub struct Figure {
    pub text: String,
    pub name: &'static str,
    pub bad: bool,
}

/// A name from the database, with possible line breaks at the ends of its words.
pub fn name(text: &str) -> Markup {
    html! {
        @for word in text.split_inclusive(['.', '_']) {
            (word)
            @if word.ends_with(['.', '_']) { wbr; }
        }
    }
}

/// The complete page; `style` has the additional styles of the page. No page has a line break or another control character of its
/// own in its body, so all of them come from a database, and are escaped here, once for all pages.
pub fn document(title: &str, style: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (visible(title)) }
                style { (PreEscaped(STYLE)) (PreEscaped(style)) }
            }
            body { main { (PreEscaped(visible(&body.0))) } }
        }
    };
    page.into_string()
}

/// The verdict in one sentence, its subject, and how it was reached.
pub fn header(state: State, sign: char, about: &str, headline: &str, lead: &str) -> Markup {
    html! {
        header class=(state.class()) {
            p.eyebrow { (about) }
            h1 {
                span.sign aria-hidden="true" { (sign) }
                span { (headline) }
            }
            p.lead { (lead) }
        }
    }
}

/// The figures behind the verdict.
pub fn figures(figures: &[Figure]) -> Markup {
    html! {
        div.figures {
            @for figure in figures {
                div class=(bad_if(figure.bad)) {
                    b { (figure.text) }
                    span { (figure.name) }
                }
            }
        }
    }
}

/// The CSS class of a wrong value.
pub const fn bad_if(bad: bool) -> &'static str {
    if bad { "bad" } else { "" }
}

/// A block with a title; empty if `content` is empty.
pub fn section(title: &str, note: &str, content: &Markup) -> Markup {
    html! {
        @if !content.0.is_empty() {
            section {
                h2 { (title) }
                @if !note.is_empty() { p.note { (note) } }
                (content)
            }
        }
    }
}

/// One list item for each line.
pub fn items(lines: impl IntoIterator<Item = impl Render>) -> Markup {
    html! {
        @for line in lines { li { (line) } }
    }
}

/// A cell that shows whether its row is correct.
pub fn mark(good: bool, yes: &str, no: &str) -> Markup {
    html! {
        @if good {
            td.mark.good { "✓ " (yes) }
        } @else {
            td.mark.bad { "✕ " (no) }
        }
    }
}

/// A table that scrolls separately if the page is too narrow; `head` and `rows` are its rows.
pub fn table(class: Option<&str>, head: &Markup, rows: &Markup) -> Markup {
    html! {
        div.scroll {
            table class=[class] {
                thead { (head) }
                tbody { (rows) }
            }
        }
    }
}

/// A block that the reader can unfold.
pub fn folded(open: bool, summary: &Markup, content: &Markup) -> Markup {
    html! {
        details open[open] {
            summary { (summary) }
            (content)
        }
    }
}

/// Shows the first lines and folds the rest; each part is passed to `wrap` separately.
pub fn with_rest(lines: &[Markup], what: &str, wrap: impl Fn(&Markup) -> Markup) -> Markup {
    if lines.is_empty() {
        return Markup::default();
    }
    // A fold with only a few lines would not be worth the click.
    let shown = if lines.len() <= SHOWN + SHOWN / 2 {
        lines.len()
    } else {
        SHOWN
    };
    let (first, rest) = lines.split_at(shown);
    html! {
        (wrap(&joined(first)))
        @if !rest.is_empty() {
            (folded(
                false,
                &html! { (count(rest.len() as u64)) " more " (what) },
                &wrap(&joined(rest)),
            ))
        }
    }
}

/// The parts in order.
pub fn joined(parts: &[Markup]) -> Markup {
    html! {
        @for part in parts { (part) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_interpreted_as_html() {
        assert_eq!(name("a_b.<c>").0, "a_<wbr>b.<wbr>&lt;c&gt;");
        let section = section("<t>", "<n>", &html! { p { "&" } }).0;
        assert_eq!(
            section,
            "<section><h2>&lt;t&gt;</h2><p class=\"note\">&lt;n&gt;</p><p>&amp;</p></section>"
        );
        let header = header(State::Bad, '✕', "\"<a>", "<b>", "<c>").0;
        assert!(
            !header.contains("<a>") && !header.contains("<b>") && !header.contains("<c>"),
            "{header}"
        );
        assert!(items(["<li>"]).0 == "<li>&lt;li&gt;</li>");
    }

    #[test]
    fn no_text_writes_a_line_of_its_own_or_turns_what_follows() {
        let body = html! { (name("a\n\u{202e}b")) (items(["c\u{1b}[2J"])) };
        let page = document("t\u{202e}", "", &body);
        assert!(
            page.contains("a\\n\\u{202e}b") && page.contains("c\\u{1b}[2J"),
            "{page}"
        );
        assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'), "{page}");
    }

    #[test]
    fn a_section_without_content_is_left_out() {
        assert_eq!(section("t", "n", &Markup::default()).0, "");
    }

    #[test]
    fn a_page_has_no_external_references() {
        let page = document("t", "", &Markup::default());
        for reference in ["http", "src=", "url(", "@import", "<link", "<script"] {
            assert!(!page.contains(reference), "{reference}");
        }
    }
}
