//! AND and OR: a chain that is the first operand of a chain of the same operator joins that chain.
//!
//! The parser creates groups (for BETWEEN, comparisons of rows, IN over columns), which are printed in
//! parentheses. When such a group is restored as the first operand, its operands become operands of the outer
//! chain. Later groups are kept.

use crate::definition::tree::{Bracket, Node};

const OPERATORS: [&str; 2] = ["AND", "OR"];

pub(super) fn flatten(node: &mut Node) {
    let Node::Group(group) = node else { return };
    if group.open != Bracket::Round {
        return;
    }
    let chained = match group.nodes.as_slice() {
        [first, operator, ..] => {
            let word = OPERATORS.into_iter().find(|word| operator.is_keyword(word));
            word.is_some_and(|word| first.inside().is_some_and(|inside| is_chain(inside, word)))
        }
        _ => false,
    };
    if chained && let Node::Group(first) = group.nodes.remove(0) {
        group.nodes.splice(0..0, first.nodes);
    }
}

fn is_chain(nodes: &[Node], word: &str) -> bool {
    nodes.iter().any(|node| node.is_keyword(word))
}
