//! A cast of an array that is written out: when the cast is read, every element is cast.

use super::constants;
use crate::definition::{
    tree::{Bracket, Group, Node},
    type_name::TypeName,
};

/// `(ARRAY[a, b])::text[]` becomes `ARRAY[(a)::text, (b)::text]`.
pub(super) fn cast_elements(nodes: &mut Vec<Node>) {
    let mut place = 0;
    while place < nodes.len() {
        if let Some(array) = cast_array(&nodes[place]) {
            nodes.splice(place..=place, array);
        }
        place += 1;
    }
}

fn cast_array(node: &Node) -> Option<[Node; 2]> {
    let Node::Cast { operand, to } = node else {
        return None;
    };
    let array = match operand.as_slice() {
        [only] => only.inside()?,
        nodes => nodes,
    };
    // An array without elements has no type of its own: the cast is a part of it.
    let has_elements = elements(array).is_some_and(|group| !group.nodes.is_empty());
    (to.dimensions > 0 && has_elements)
        .then(|| with_cast(array, &to.element()))
        .flatten()
}

/// The brackets of `ARRAY[..]`.
fn elements(nodes: &[Node]) -> Option<&Group> {
    match nodes {
        [array, elements] if array.is_keyword("ARRAY") => elements.group(Bracket::Square),
        _ => None,
    }
}

fn with_cast(array: &[Node], to: &TypeName) -> Option<[Node; 2]> {
    let group = elements(array)?;
    let mut cast = Vec::new();
    for (place, element) in group.nodes.split(|node| node.is_mark(",")).enumerate() {
        if place > 0 {
            cast.push(Node::Mark(",".to_owned()));
        }
        match with_cast(element, to) {
            Some(inner) => cast.extend(inner),
            None => {
                let mut element = Node::Cast {
                    operand: vec![Node::parenthesised(element.to_vec())],
                    to: to.clone(),
                };
                constants::join_length(&mut element);
                cast.push(element);
            }
        }
    }
    let group = Group {
        nodes: cast,
        ..group.clone()
    };
    Some([array[0].clone(), Node::Group(group)])
}
