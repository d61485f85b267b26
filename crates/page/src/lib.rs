//! What the pages for people have in common: one look, one way of escaping, one way of writing numbers.
//!
//! A page is one file that refers to nothing outside itself. Each report adds its own sections, and styles for what only it
//! shows.

pub mod number;

const STYLE: &str = include_str!("style.css");

/// Text for HTML, in elements and attributes alike.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A name of the database's, escaped, that may wrap where its words end.
pub fn name(text: &str) -> String {
    escape(text).replace('.', ".<wbr>").replace('_', "_<wbr>")
}

/// The whole page; `style` and `body` are taken as they are.
pub fn document(title: &str, style: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>{title}</title><style>{STYLE}{style}</style></head>
<body><main>{body}</main></body></html>
"#
    )
}

/// A titled block; nothing if it has no content.
pub fn section(title: &str, note: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    let note = if note.is_empty() {
        String::new()
    } else {
        format!("<p class=\"note\">{}</p>", escape(note))
    };
    format!("<section><h2>{}</h2>{note}{content}</section>", escape(title))
}

/// One list item for each line, which is HTML already.
pub fn items(lines: impl IntoIterator<Item = String>) -> String {
    lines
        .into_iter()
        .fold(String::new(), |html, line| html + "<li>" + &line + "</li>")
}

/// The cell that says whether its row is as it should be.
pub fn mark(good: bool, yes: &str, no: &str) -> String {
    if good {
        format!(r#"<td class="mark good">✓ {yes}</td>"#)
    } else {
        format!(r#"<td class="mark bad">✕ {no}</td>"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_taken_for_html() {
        assert_eq!(
            escape(r#"<a href="x" id='y'>&</a>"#),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&lt;/a&gt;"
        );
        assert_eq!(name("a_b.<c>"), "a_<wbr>b.<wbr>&lt;c&gt;");
        assert!(
            section("<t>", "<n>", "<p>").contains("<h2>&lt;t&gt;</h2><p class=\"note\">&lt;n&gt;</p><p>")
        );
    }

    #[test]
    fn a_page_refers_to_nothing_outside_itself() {
        let page = document("t", "", "");
        for reference in ["http", "src=", "url(", "@import", "<link", "<script"] {
            assert!(!page.contains(reference), "{reference}");
        }
    }
}
