//! Casts of array constructors: when the server reads such a cast, it casts every element.

use crate::definition::{
    operand_types::OperandTypes,
    tree::{Bracket, Group, Node},
    type_name::TypeName,
};

/// `(ARRAY[a, b])::text[]` becomes `ARRAY[(a)::text, (b)::text]`. In front of a domain over an array only the
/// elements are cast.
pub(super) fn cast_elements(nodes: &mut Vec<Node>, types: &OperandTypes) {
    let mut place = 0;
    while place < nodes.len() {
        if let Node::Cast { operand, to } = &mut nodes[place] {
            let array = match operand.as_slice() {
                [only] => only.inside().unwrap_or_default(),
                nodes => nodes,
            };
            if to.dimensions > 0 {
                if let Some(cast) = with_cast(array, &to.element()) {
                    nodes.splice(place..=place, cast);
                }
            } else if let Some(of) = types.array_behind(to)
                && let Some(cast) = with_cast(array, &of.element())
            {
                *operand = vec![Node::parenthesised(cast.to_vec())];
            }
        }
        place += 1;
    }
}

/// The brackets of `ARRAY[..]`.
fn elements(nodes: &[Node]) -> Option<&Group> {
    match nodes {
        [array, elements] if array.is_keyword("ARRAY") => elements.group(Bracket::Square),
        _ => None,
    }
}

fn with_cast(array: &[Node], to: &TypeName) -> Option<[Node; 2]> {
    // An empty array has a type only through the cast.
    let group = elements(array).filter(|group| !group.nodes.is_empty())?;
    let mut cast = Vec::new();
    for (place, element) in group.nodes.split(|node| node.is_mark(",")).enumerate() {
        if place > 0 {
            cast.push(Node::Mark(",".to_owned()));
        }
        match with_cast(element, to) {
            Some(inner) => cast.extend(inner),
            None if is_cast(element, to) => cast.extend_from_slice(element),
            None => cast.push(Node::Cast {
                operand: vec![Node::parenthesised(element.to_vec())],
                to: to.clone(),
            }),
        }
    }
    let group = Group {
        nodes: cast,
        ..group.clone()
    };
    Some([array[0].clone(), Node::Group(group)])
}

/// Whether the element is cast to that type already, so that the cast of the array has no effect on the
/// element.
fn is_cast(element: &[Node], of: &TypeName) -> bool {
    matches!(element, [Node::Cast { to, .. }] if to == of)
}
