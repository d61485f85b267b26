//! Writes a tree as text. Different trees have different texts.

use std::fmt::Write as _;

use super::{
    name::quoted,
    tree::{Bracket, Group, Node},
};

/// The text of a tree, with one space wherever the server prints white space, and quotes only around names
/// that need them.
pub(super) fn text(nodes: &[Node]) -> String {
    let mut out = String::new();
    write(nodes, false, &mut out);
    out
}

/// The same without spaces after commas, as the server prints a function with its argument types.
pub(super) fn signature(nodes: &[Node]) -> String {
    let mut out = String::new();
    write(nodes, true, &mut out);
    out
}

fn write(nodes: &[Node], tight: bool, out: &mut String) {
    for (place, node) in nodes.iter().enumerate() {
        let before = place.checked_sub(1).map(|before| &nodes[before]);
        if before.is_some_and(|before| spaced(before, node, tight)) {
            out.push(' ');
        }
        match node {
            Node::Keyword(text)
            | Node::Text(text)
            | Node::Number(text)
            | Node::Operator(text)
            | Node::Mark(text) => out.push_str(text),
            Node::Name(name) => out.push_str(&quoted(name)),
            Node::Group(group) => {
                // The modifier of a type: `numeric(12,2)`
                let tight = tight || group.adjacent && before.and_then(Node::name) == Some("numeric");
                out.push(group.open.opening());
                write(&group.nodes, tight, out);
                out.push(group.open.closing());
            }
            Node::Cast { operand, to } => {
                write(operand, false, out);
                let _ = write!(out, "::{to}");
            }
        }
    }
}

/// Whether a space belongs between two nodes.
fn spaced(before: &Node, node: &Node, tight: bool) -> bool {
    let joins = |node: &Node| node.is_mark(".") || node.is_mark(":") || node.is_mark("::");
    let is_number = |node: &Node| matches!(node, Node::Number(_));
    if before.is_mark(".") && is_number(node) || is_number(before) && node.is_mark(".") {
        return true;
    }
    if joins(before) || joins(node) || node.is_mark(",") || node.is_mark(";") {
        return false;
    }
    if before.is_mark(",") {
        return !tight;
    }
    match node {
        Node::Group(Group {
            open: Bracket::Square,
            ..
        }) => false,
        Node::Group(group) => !group.adjacent,
        Node::Cast { operand, .. } => match operand.first() {
            Some(Node::Group(group)) => {
                !group.adjacent || !matches!(before, Node::Name(_) | Node::Keyword(_))
            }
            _ => true,
        },
        _ => true,
    }
}
