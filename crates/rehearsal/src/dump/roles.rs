//! The roles that a dump names but does not create.
//!
//! `pg_dump` writes `ALTER .. OWNER TO x` and `GRANT .. TO x`, but never the role: the dump of one database
//! does not load on a server without these roles.

use std::collections::BTreeSet;

use super::scan::Word;

/// The roles of the statements read so far.
#[derive(Debug, Default)]
pub(super) struct Roles {
    named: BTreeSet<String>,
    created: BTreeSet<String>,
}

impl Roles {
    /// The roles that are named but not created, sorted.
    pub(super) fn missing(mut self) -> BTreeSet<String> {
        self.named
            .retain(|role| !self.created.contains(role) && !role.starts_with("pg_"));
        self.named
    }
}

/// Extracts the roles from one complete statement.
pub(super) fn note(words: &[Word], found: &mut Roles) {
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

/// The comma-separated roles at the start of `words`, without names that are not roles.
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
    use crate::dump::scan::{Piece, scan};

    fn roles(dump: &str) -> Vec<String> {
        let mut found = Roles::default();
        scan(dump.as_bytes(), |piece| {
            if let Piece::Statement { words, .. } = piece {
                note(&words, &mut found);
            }
        })
        .expect("reading from memory");
        found.missing().into_iter().collect()
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
