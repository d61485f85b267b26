//! Which roles a dump names without creating them.
//!
//! `pg_dump` writes `ALTER .. OWNER TO x` and `GRANT .. TO x`, but never the role: a dump of one database does not load
//! on a server that lacks them. The scanner reads a dump line by line, skips what is data, quoted text or comment, and
//! looks at short statements only, so a dump of many gigabytes costs one pass and no memory.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

/// Words longer than this cannot be told apart usefully: a statement is looked at up to here.
const MAX_WORDS: usize = 2_000;

/// One word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// A keyword or unquoted identifier, folded to lower case as the server does.
    Plain(String),
    /// A quoted identifier, as written.
    Quoted(String),
    /// A character that separates.
    Mark(char),
}

impl Word {
    fn is(&self, keyword: &str) -> bool {
        matches!(self, Word::Plain(word) if word == keyword)
    }
}

/// Where the scanner is between two characters.
enum At {
    Statement,
    Text { escapes: bool },
    Identifier(String),
    Dollar(String),
    Comment(u32),
    CopyData,
}

/// The roles that `dump` names and does not create, sorted.
pub(super) fn missing_in(dump: impl BufRead) -> io::Result<BTreeSet<String>> {
    let mut found = Found::default();
    let mut scanner = Scanner {
        at: At::Statement,
        words: Vec::new(),
    };
    let mut input = dump;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        // A dump in another encoding than UTF-8 still has its keywords in ASCII.
        scanner.line(&String::from_utf8_lossy(&bytes), &mut found);
    }
    found
        .named
        .retain(|role| !found.created.contains(role) && !role.starts_with("pg_"));
    Ok(found.named)
}

#[derive(Default)]
struct Found {
    named: BTreeSet<String>,
    created: BTreeSet<String>,
}

struct Scanner {
    at: At,
    words: Vec<Word>,
}

impl Scanner {
    fn line(&mut self, line: &str, found: &mut Found) {
        if matches!(self.at, At::CopyData) {
            if line.trim_end() == "\\." {
                self.at = At::Statement;
            }
            return;
        }
        // A psql command, not SQL.
        if matches!(self.at, At::Statement) && self.words.is_empty() && line.starts_with('\\') {
            return;
        }
        let mut rest = line.char_indices().peekable();
        while let Some((start, c)) = rest.next() {
            let next = rest.peek().map(|&(_, next)| next);
            match &mut self.at {
                At::Text { escapes } => {
                    let skips_next = (c == '\\' && *escapes) || (c == '\'' && next == Some('\''));
                    if skips_next {
                        rest.next();
                    } else if c == '\'' {
                        self.at = At::Statement;
                    }
                }
                At::Identifier(name) => {
                    if c == '"' && next == Some('"') {
                        name.push('"');
                        rest.next();
                    } else if c == '"' {
                        let name = std::mem::take(name);
                        self.push(Word::Quoted(name));
                        self.at = At::Statement;
                    } else {
                        name.push(c);
                    }
                }
                At::Dollar(tag) => {
                    if c == '$' && line[start..].starts_with(tag.as_str()) {
                        for _ in 1..tag.chars().count() {
                            rest.next();
                        }
                        self.at = At::Statement;
                    }
                }
                At::Comment(depth) => {
                    if c == '*' && next == Some('/') {
                        rest.next();
                        *depth -= 1;
                        if *depth == 0 {
                            self.at = At::Statement;
                        }
                    } else if c == '/' && next == Some('*') {
                        rest.next();
                        *depth += 1;
                    }
                }
                At::CopyData => return,
                At::Statement => match c {
                    '-' if next == Some('-') => return,
                    '/' if next == Some('*') => {
                        rest.next();
                        self.at = At::Comment(1);
                    }
                    '\'' => {
                        let escapes = self.words.last().is_some_and(|word| word.is("e"))
                            && line[..start].ends_with(['e', 'E']);
                        self.at = At::Text { escapes };
                    }
                    '"' => self.at = At::Identifier(String::new()),
                    '$' => {
                        if let Some(tag) = dollar_tag(&line[start..]) {
                            for _ in 1..tag.chars().count() {
                                rest.next();
                            }
                            self.at = At::Dollar(tag);
                        }
                    }
                    ';' => {
                        let words = std::mem::take(&mut self.words);
                        if copies_from_stdin(&words) {
                            self.at = At::CopyData;
                            return;
                        }
                        note_roles(&words, found);
                    }
                    c if is_word(c) => {
                        let mut word = c.to_lowercase().to_string();
                        while let Some(&(_, c)) = rest.peek() {
                            if !is_word(c) && c != '$' {
                                break;
                            }
                            word.extend(c.to_lowercase());
                            rest.next();
                        }
                        self.push(Word::Plain(word));
                    }
                    c if c.is_whitespace() => {}
                    c => self.push(Word::Mark(c)),
                },
            }
        }
    }

    fn push(&mut self, word: Word) {
        if self.words.len() < MAX_WORDS {
            self.words.push(word);
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `$$` or `$tag$` at the start of `text`.
fn dollar_tag(text: &str) -> Option<String> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find('$')?;
    let tag = &inner[..end];
    let valid = tag.chars().all(is_word) && !tag.starts_with(|c: char| c.is_ascii_digit());
    valid.then(|| format!("${tag}$"))
}

fn copies_from_stdin(words: &[Word]) -> bool {
    words.first().is_some_and(|word| word.is("copy"))
        && words
            .windows(2)
            .any(|pair| pair[0].is("from") && pair[1].is("stdin"))
}

/// Reads the roles out of one whole statement.
fn note_roles(words: &[Word], found: &mut Found) {
    let Some(first) = words.first() else { return };
    let position = |keyword: &str| words.iter().position(|word| word.is(keyword));
    let last = |keyword: &str| words.iter().rposition(|word| word.is(keyword));
    let second_is = |keyword: &str| words.get(1).is_some_and(|word| word.is(keyword));
    if first.is("create") && ["role", "user", "group"].iter().any(|kind| second_is(kind)) {
        if !words.get(2).is_some_and(|word| word.is("mapping")) {
            found.created.extend(list(&words[2..]));
        }
    } else if first.is("create") && second_is("schema") {
        if let Some(at) = position("authorization") {
            found.named.extend(list(&words[at + 1..]).into_iter().take(1));
        }
    } else if first.is("create") && second_is("policy") {
        let end = ["using", "with"]
            .iter()
            .filter_map(|k| position(k))
            .min()
            .unwrap_or(words.len());
        if let Some(at) = words[..end].iter().position(|word| word.is("to")) {
            found.named.extend(list(&words[at + 1..end]));
        }
    } else if first.is("set") && second_is("session") {
        if let Some(at) = position("authorization") {
            found.named.extend(
                list(&words[at + 1..])
                    .into_iter()
                    .filter(|role| role != "default"),
            );
        }
    } else if first.is("alter") {
        if let Some(at) = words
            .windows(2)
            .position(|pair| pair[0].is("owner") && pair[1].is("to"))
        {
            found.named.extend(list(&words[at + 2..]));
        }
        if second_is("default") {
            let for_role = words
                .windows(2)
                .position(|pair| pair[0].is("for") && (pair[1].is("role") || pair[1].is("user")));
            if let Some(at) = for_role {
                found.named.extend(list(&words[at + 2..]));
            }
            if let Some(at) = last("to").or_else(|| last("from")) {
                found.named.extend(list(&words[at + 1..]));
            }
        }
    } else if first.is("grant") || first.is("revoke") {
        let direction = if first.is("grant") { "to" } else { "from" };
        if let Some(at) = last(direction) {
            found.named.extend(list(&words[at + 1..]));
        }
        // `grant a to b` names roles on both sides; with `on` the left side is a list of privileges.
        if position("on").is_none() {
            found.named.extend(list(&words[1..last(direction).unwrap_or(1)]));
        }
        if let Some(at) = words
            .windows(2)
            .position(|pair| pair[0].is("granted") && pair[1].is("by"))
        {
            found.named.extend(list(&words[at + 2..]));
        }
    }
}

/// The comma-separated roles at the start of `words`, without the names that are no roles.
fn list(words: &[Word]) -> Vec<String> {
    let mut roles = Vec::new();
    let mut expect_name = true;
    for word in words {
        match word {
            Word::Mark(',') => expect_name = true,
            Word::Plain(word) if expect_name && word == "group" => {}
            Word::Plain(role) if expect_name => {
                if !["public", "current_user", "session_user", "current_role"].contains(&role.as_str()) {
                    roles.push(role.clone());
                }
                expect_name = false;
            }
            Word::Quoted(role) if expect_name => {
                roles.push(role.clone());
                expect_name = false;
            }
            _ => break,
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(dump: &str) -> Vec<String> {
        missing_in(dump.as_bytes())
            .expect("reading from memory")
            .into_iter()
            .collect()
    }

    #[test]
    fn owners_grantees_and_default_privileges_are_named() {
        let dump = "
            ALTER TABLE public.a OWNER TO alice;
            ALTER DEFAULT PRIVILEGES FOR ROLE bob IN SCHEMA public GRANT SELECT ON TABLES TO carol;
            GRANT SELECT,INSERT ON TABLE public.a TO dave WITH GRANT OPTION;
            REVOKE ALL ON SCHEMA public FROM \"Eve \"\"quoted\"\"\";
            CREATE SCHEMA s AUTHORIZATION frank;
            CREATE POLICY p ON public.a TO grace, heidi USING (true);
            SET SESSION AUTHORIZATION 'ignored text';
            GRANT ivan TO judy;";
        let named = [
            "Eve \"quoted\"",
            "alice",
            "bob",
            "carol",
            "dave",
            "frank",
            "grace",
            "heidi",
            "ivan",
            "judy",
        ];
        assert_eq!(roles(dump), named);
    }

    #[test]
    fn data_quotes_comments_and_function_bodies_are_not_read_as_statements() {
        let dump = "
            -- ALTER TABLE a OWNER TO comment_role;
            /* GRANT x TO /* nested */ block_role; */
            SELECT 'it''s; GRANT a TO text_role;', E'\\'; GRANT a TO escape_role;';
            CREATE FUNCTION f() RETURNS void AS $body$ GRANT a TO body_role; $$ $body$ LANGUAGE sql;
COPY public.a (id) FROM stdin;
GRANT a TO copy_role;
it's open
\\.
            ALTER TABLE a OWNER TO real_role;";
        assert_eq!(roles(dump), ["real_role"]);
    }

    #[test]
    fn pseudo_roles_predefined_roles_and_roles_the_dump_creates_are_left_out() {
        let dump = "CREATE ROLE made;
            ALTER TABLE a OWNER TO made;
            GRANT ALL ON SCHEMA public TO PUBLIC; GRANT pg_monitor TO current_user;
            GRANT SELECT ON a TO GROUP staff;";
        assert_eq!(roles(dump), ["staff"]);
    }

    #[test]
    fn a_statement_may_span_lines() {
        assert_eq!(
            roles("alter table a\n  owner\n to\n  Mixed_Case\n;"),
            ["mixed_case"]
        );
    }
}
