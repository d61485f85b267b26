//! Calls in the syntax of the SQL standard. Since version 14 they are printed as written; earlier versions
//! print ordinary calls.
//!
//! Ordinary calls are printed with the casts that the parser added, calls in SQL syntax without. Such a cast
//! is removed where the operand's type is known and the bare operand would be cast in the same way.

use crate::definition::{
    operand_types::OperandTypes,
    tree::{Bracket, Node},
};

type Arguments = Vec<Vec<Node>>;

/// A call under the one name of the function, with its arguments in the function's order.
struct Call {
    name: &'static str,
    arguments: Arguments,
}

impl Call {
    const fn new(name: &'static str, arguments: Arguments) -> Self {
        Self { name, arguments }
    }

    fn nodes(mut self, types: &OperandTypes) -> [Node; 2] {
        // Every version prints these two with casts.
        if !matches!(self.name, "pg_collation_for" | "similar_to_escape") {
            types.strip(self.name, &mut self.arguments);
        }
        [Node::Name(self.name.to_owned()), Node::list(&self.arguments)]
    }
}

pub(super) fn rewrite(nodes: &mut Vec<Node>, types: &OperandTypes) {
    let mut place = 0;
    while place < nodes.len() {
        if let Some((from, call)) = call_at(nodes, place) {
            nodes.splice(from..=place, call.nodes(types));
            place = from + 1;
        } else if let Some(call) = operator_at(nodes, place) {
            nodes.splice(place..=place, call.nodes(types));
            place += 1;
        }
        place += 1;
    }
}

/// The call whose arguments are at that place, and the place where the call begins.
fn call_at(nodes: &[Node], place: usize) -> Option<(usize, Call)> {
    let inside = nodes[place].inside()?;
    match &nodes[..place] {
        [.., collation, preposition]
            if collation.is_keyword("COLLATION") && preposition.is_keyword("FOR") =>
        {
            Some((place - 2, Call::new("pg_collation_for", vec![inside.to_vec()])))
        }
        [.., Node::Keyword(word)] => Some((place - 1, of_syntax(word, nodes[place].arguments()?)?)),
        // A qualified name belongs to a user-defined function.
        [.., qualifier, Node::Name(_)] if qualifier.is_mark(".") => None,
        [.., Node::Name(name)] => Some((place - 1, of_function(name, nodes[place].arguments()?)?)),
        _ => None,
    }
}

/// A call in SQL syntax that begins with a keyword.
fn of_syntax(word: &str, inside: &[Node]) -> Option<Call> {
    let parts = |words: &[&str]| split(inside, |node| words.iter().any(|word| node.is_keyword(word)));
    Some(match word {
        "SUBSTRING" => Call::new("substring", parts(&["FROM", "FOR", "SIMILAR", "ESCAPE"])),
        "OVERLAY" => Call::new("overlay", parts(&["PLACING", "FROM", "FOR"])),
        "POSITION" => {
            let mut sides = parts(&["IN"]);
            sides.reverse();
            Call::new("position", sides.into_iter().map(unwrapped).collect())
        }
        "TRIM" => {
            let name = match inside.first()? {
                Node::Keyword(side) if side == "BOTH" => "btrim",
                Node::Keyword(side) if side == "LEADING" => "ltrim",
                Node::Keyword(side) if side == "TRAILING" => "rtrim",
                _ => return None,
            };
            let mut sides = split(&inside[1..], |node| node.is_keyword("FROM"));
            sides.reverse();
            sides.retain(|side| !side.is_empty());
            Call::new(name, sides)
        }
        "NORMALIZE" => {
            let mut arguments = split(inside, |node| node.is_mark(","));
            if let Some([Node::Name(form) | Node::Keyword(form)]) = arguments.get(1).map(Vec::as_slice) {
                arguments[1] = vec![form_constant(form)];
            }
            Call::new("normalize", arguments)
        }
        "XMLEXISTS" => Call::new(
            "xmlexists",
            parts(&["PASSING"]).into_iter().map(unwrapped).collect(),
        ),
        _ => return None,
    })
}

/// The same functions in an ordinary call.
fn of_function(name: &str, inside: &[Node]) -> Option<Call> {
    const ORDINARY: [&str; 11] = [
        "substring",
        "overlay",
        "position",
        "btrim",
        "ltrim",
        "rtrim",
        "normalize",
        "is_normalized",
        "xmlexists",
        "overlaps",
        "timezone",
    ];
    let mut arguments = split(inside, |node| node.is_mark(","));
    if name == "similar_escape" {
        // Before version 13 the function takes NULL for the default; since then it can be called without this
        // argument.
        if arguments.len() == 2 && is_null(&arguments[1]) {
            arguments.truncate(1);
        }
        return Some(Call::new("similar_to_escape", arguments));
    }
    let name = ORDINARY.into_iter().find(|ordinary| *ordinary == name)?;
    Some(Call::new(name, arguments))
}

/// The call that is printed as an operator in the parentheses at that place, unless these hold arguments.
fn operator_at(nodes: &[Node], place: usize) -> Option<Call> {
    let is_list = nodes[place].arguments().is_some()
        && matches!(nodes[..place].last(), Some(Node::Name(_) | Node::Keyword(_)));
    let inside = nodes[place].inside().filter(|_| !is_list)?;
    of_operator(inside)
}

fn of_operator(inside: &[Node]) -> Option<Call> {
    if let Some(at) = words_at(inside, &["AT", "TIME", "ZONE"]) {
        let (time, zone) = (&inside[..at], &inside[at + 3..]);
        let complete = !time.is_empty() && !zone.is_empty();
        return complete.then(|| Call::new("timezone", vec![zone.to_vec(), time.to_vec()]));
    }
    if let [one, between, other] = inside
        && between.is_keyword("OVERLAPS")
    {
        let mut arguments = split(one.inside()?, |node| node.is_mark(","));
        arguments.extend(split(other.inside()?, |node| node.is_mark(",")));
        return Some(Call::new("overlaps", arguments));
    }
    match inside {
        [text @ .., is, normalized] if is.is_keyword("IS") && normalized.is_keyword("NORMALIZED") => {
            Some(Call::new("is_normalized", vec![text.to_vec()]))
        }
        [text @ .., is, Node::Keyword(form), normalized]
            if is.is_keyword("IS") && normalized.is_keyword("NORMALIZED") =>
        {
            Some(Call::new(
                "is_normalized",
                vec![text.to_vec(), vec![form_constant(form)]],
            ))
        }
        _ => None,
    }
}

fn words_at(nodes: &[Node], words: &[&str]) -> Option<usize> {
    nodes
        .windows(words.len())
        .position(|nodes| nodes.iter().zip(words).all(|(node, word)| node.is_keyword(word)))
}

/// `NFC` as the text constant of an ordinary call.
fn form_constant(form: &str) -> Node {
    Node::Cast {
        operand: vec![Node::Text(format!("'{form}'"))],
        to: crate::definition::type_name::TypeName::plain("text"),
    }
}

fn is_null(argument: &[Node]) -> bool {
    match argument {
        [Node::Cast { operand, .. }] => matches!(operand.as_slice(), [null] if null.is_keyword("NULL")),
        [null] => null.is_keyword("NULL"),
        _ => false,
    }
}

fn split(nodes: &[Node], is_end: impl Fn(&Node) -> bool) -> Arguments {
    nodes.split(is_end).map(<[Node]>::to_vec).collect()
}

fn unwrapped(argument: Vec<Node>) -> Vec<Node> {
    match argument.as_slice() {
        [Node::Group(group)] if group.open == Bracket::Round => group.nodes.clone(),
        _ => argument,
    }
}
