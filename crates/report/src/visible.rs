//! Names and texts from a database, for people to read.

/// A line in which every character that would not be seen as itself is escaped. A name from a database may hold line breaks,
/// with which it could write a line of its own, commands for the terminal, and marks that turn the direction of what
/// follows.
pub fn visible(line: &str) -> String {
    line.chars()
        .flat_map(|c| {
            let escaped = (c.is_control() || turns(c)).then(|| c.escape_default());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// The marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX 9). Letters that are written from
/// right to left turn by themselves and stay.
const fn turns(c: char) -> bool {
    matches!(
        c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_would_not_be_seen_is_escaped_and_every_letter_stays() {
        assert_eq!(visible("a\n\u{1b}[2Jb\tc"), "a\\n\\u{1b}[2Jb\\tc");
        assert_eq!(visible("orders\u{202e}LAUQE"), "orders\\u{202e}LAUQE");
        for name in ["über", "Đơn hàng", "טבלה", "a b", "日本"] {
            assert_eq!(visible(name), name);
        }
    }
}
