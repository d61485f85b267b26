//! Constants that the parser folds when it reads them.

use crate::definition::{tree::Node, type_name::TypeName};

/// `(- 1)`, as a minus before a cast of a number is printed, is read as the constant that is printed as
/// `'-1'::integer`.
pub(super) fn fold_minus(node: &mut Node) {
    let folded = match node.inside() {
        Some([Node::Operator(minus), Node::Number(digits)]) if minus == "-" => Node::Cast {
            operand: vec![Node::Text(format!("'-{digits}'"))],
            to: TypeName::plain(type_of(digits)),
        },
        _ => return,
    };
    *node = folded;
}

/// The type of a negative number without a cast.
fn type_of(digits: &str) -> &'static str {
    let negative = format!("-{digits}");
    if negative.parse::<i32>().is_ok() {
        "integer"
    } else if negative.parse::<i64>().is_ok() {
        "bigint"
    } else {
        "numeric"
    }
}

/// `SELECT 'x'::text AS text` inside a statement: a constant with a type gets the type's name as alias, so
/// this alias is printed only after a restore.
pub(super) fn remove_type_names(nodes: &mut Vec<Node>) {
    let mut place = 0;
    while place + 2 < nodes.len() {
        let named = match &nodes[place..place + 3] {
            [Node::Cast { operand, to }, between, Node::Name(name)] if between.is_keyword("AS") => {
                is_constant(operand) && *name == to.internal_name()
            }
            _ => false,
        };
        if named {
            nodes.drain(place + 1..place + 3);
        }
        place += 1;
    }
}

fn is_constant(operand: &[Node]) -> bool {
    match operand {
        [Node::Text(_) | Node::Number(_)] => true,
        [Node::Keyword(word)] => word == "NULL",
        _ => false,
    }
}
