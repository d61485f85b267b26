//! Types of operands, where the text and the columns of its relations determine them.

use std::collections::HashMap;

use super::{
    tree::{Bracket, Node},
    type_name::TypeName,
};

/// Types of columns by name, for names with one type in all relations of the definition. Domains are replaced
/// by their base types; `value` is the value that a domain checks, and `::name` a domain over an array.
#[derive(Debug, Clone, Default)]
pub(crate) struct OperandTypes {
    columns: HashMap<String, TypeName>,
}

impl OperandTypes {
    pub(crate) fn new(columns: impl IntoIterator<Item = (String, String)>) -> Self {
        let columns = columns
            .into_iter()
            .filter_map(|(name, printed)| Some((name, TypeName::of(&printed)?)));
        Self {
            columns: columns.collect(),
        }
    }

    /// The array type under a domain.
    pub(super) fn array_behind(&self, domain: &TypeName) -> Option<&TypeName> {
        let base = self.columns.get(&format!("::{}", domain.name))?;
        (base.dimensions > 0).then_some(base)
    }

    /// Removes the casts that the parser adds to the arguments of a function.
    pub(super) fn strip(&self, function: &str, arguments: &mut [Vec<Node>]) {
        // The parser casts a date to a timestamp if an argument is one, otherwise to a timestamp with time
        // zone.
        let dates_become_zoned = function != "overlaps"
            || arguments.iter().all(|argument| {
                self.type_of(argument).is_some_and(|of| {
                    ["date", "timestamp with time zone", "interval"].contains(&of.name.as_str())
                })
            });
        for argument in arguments {
            // A cast is inside the collation: `((v)::text COLLATE "C")`.
            if let [Node::Group(group)] = argument.as_mut_slice()
                && let [cast, collate, ..] = group.nodes.as_slice()
                && collate.is_keyword("COLLATE")
                && let Some(bare) = self.without_cast(cast, dates_become_zoned)
            {
                group.nodes.splice(0..1, bare);
            } else if let [cast] = argument.as_slice()
                && let Some(bare) = self.without_cast(cast, dates_become_zoned)
            {
                *argument = bare;
            }
        }
    }

    /// The operand of a cast that the parser added.
    fn without_cast(&self, cast: &Node, dates_become_zoned: bool) -> Option<Vec<Node>> {
        let Node::Cast { operand, to } = cast else {
            return None;
        };
        let of = self.type_of(operand)?;
        let is_added = to.dimensions == 0
            && to.modifier.is_empty()
            && of.dimensions == 0
            && is_implicit(&of.name, &to.name)
            && (of.name != "date" || dates_become_zoned);
        is_added.then(|| match operand.as_slice() {
            [Node::Group(group)] if group.open == Bracket::Round => group.nodes.clone(),
            _ => operand.clone(),
        })
    }

    fn type_of(&self, nodes: &[Node]) -> Option<TypeName> {
        match nodes {
            [Node::Cast { to, .. }] => Some(to.clone()),
            [Node::Number(digits)] => digits.parse::<i32>().is_ok().then(|| TypeName::plain("integer")),
            [day, Node::Operator(sign), days] if sign == "+" || sign == "-" => {
                let (day, days) = (
                    self.type_of(std::slice::from_ref(day))?,
                    self.type_of(std::slice::from_ref(days))?,
                );
                (day.name == "date" && days.name == "integer").then_some(day)
            }
            [Node::Keyword(word)] => match word.as_str() {
                "VALUE" => self.columns.get("value").cloned(),
                "CURRENT_USER" | "SESSION_USER" | "CURRENT_ROLE" | "USER" | "CURRENT_CATALOG"
                | "CURRENT_SCHEMA" => Some(TypeName::plain("name")),
                _ => None,
            },
            [only] if only.inside().is_some() => self.type_of(only.inside()?),
            [Node::Keyword(word), arguments]
                if matches!(word.as_str(), "COALESCE" | "NULLIF" | "GREATEST" | "LEAST") =>
            {
                self.type_of(arguments.arguments()?.split(|node| node.is_mark(",")).next()?)
            }
            [case, rest @ ..] if case.is_keyword("CASE") => {
                let then = rest.split(|node| node.is_keyword("THEN")).nth(1)?;
                let ends = |node: &Node| ["WHEN", "ELSE", "END"].iter().any(|word| node.is_keyword(word));
                self.type_of(then.split(ends).next()?)
            }
            [value @ .., collate, Node::Name(_)]
            | [value @ .., collate, Node::Name(_), Node::Mark(_), Node::Name(_)]
                if collate.is_keyword("COLLATE") =>
            {
                self.type_of(value)
            }
            [array @ .., Node::Group(subscript)] if subscript.open == Bracket::Square => {
                let of = self.type_of(array)?;
                (of.dimensions > 0).then(|| of.element())
            }
            [Node::Name(name)] | [Node::Name(_), Node::Mark(_), Node::Name(name)] => {
                self.columns.get(name).cloned()
            }
            _ => None,
        }
    }
}

/// Whether the parser casts an operand from the one type to the other in arguments of these functions.
fn is_implicit(of: &str, to: &str) -> bool {
    matches!(
        (of, to),
        ("character varying" | "character" | "bpchar" | "name", "text")
            | ("date", "timestamp with time zone")
            | ("time without time zone", "time with time zone")
            | ("smallint", "integer")
            | ("bit varying", "bit")
    )
}
