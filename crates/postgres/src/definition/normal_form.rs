//! Chooses one tree for all trees with the same meaning.
//!
//! A printed definition is not a fixed point: a server may print it differently after a restore, and versions
//! print the same statement differently. Each rule here removes one such difference and applies only to trees
//! with the same meaning.

mod arrays;
mod calls;
mod constants;
mod logic;
mod qualifiers;

use super::{
    operand_types::OperandTypes,
    tree::{Bracket, Node, parenthesised},
};

/// The normal form of an expression or a statement, from the inside out.
pub(super) fn normalise(nodes: &mut Vec<Node>, types: &OperandTypes) {
    for node in nodes.iter_mut() {
        if let Some(children) = node.children() {
            normalise(children, types);
        }
        if let Node::Cast { operand, .. } = node {
            *operand = parenthesised(std::mem::take(operand));
        }
    }
    for node in nodes.iter_mut() {
        constants::fold_minus(node);
        logic::flatten(node);
    }
    arrays::cast_elements(nodes, types);
    without_indent(nodes);
    constants::remove_type_names(nodes);
    calls::rewrite(nodes, types);
}

/// The normal form of a view's query: columns of a query over a single relation have no qualifier.
pub(super) fn normalise_query(nodes: &mut Vec<Node>, types: &OperandTypes) {
    qualifiers::remove(nodes);
    normalise(nodes, types);
}

/// Arguments of a function. Since version 14 the default mode `IN` is printed for arguments of a procedure.
pub(super) fn normalise_arguments(nodes: &mut Vec<Node>, types: &OperandTypes) {
    let mut begins = true;
    nodes.retain(|node| {
        let is_default = begins && node.is_keyword("IN");
        begins = node.is_mark(",");
        !is_default
    });
    normalise(nodes, types);
}

/// `XMLSERIALIZE(.. NO INDENT)`: since version 16 this default is printed.
fn without_indent(nodes: &mut [Node]) {
    for place in 1..nodes.len() {
        if !nodes[place - 1].is_keyword("XMLSERIALIZE") || nodes[place].group(Bracket::Round).is_none() {
            continue;
        }
        let Some(inside) = nodes[place].children() else {
            continue;
        };
        if let [.., no, indent] = inside.as_slice()
            && no.is_keyword("NO")
            && indent.is_keyword("INDENT")
        {
            inside.truncate(inside.len() - 2);
        }
    }
}
