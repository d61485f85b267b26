//! Qualifiers of columns in a query over a single relation: since version 16 views are printed without them.
//!
//! Subqueries keep their qualifiers in all versions.

use crate::definition::tree::{Bracket, Node};

/// Keywords that may follow the only item of FROM.
const AFTER_FROM: [&str; 9] = [
    "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR",
];
/// Keywords that combine several queries.
const COMBINES: [&str; 3] = ["UNION", "INTERSECT", "EXCEPT"];

pub(super) fn remove(nodes: &mut Vec<Node>) {
    let Some((from, end)) = only_item(nodes) else {
        return;
    };
    let Some(relation) = called(&nodes[from..end]) else {
        return;
    };
    let mut behind = nodes.split_off(end);
    let item = nodes.split_off(from);
    unqualify(nodes, &relation);
    unqualify(&mut behind, &relation);
    nodes.extend(item);
    nodes.append(&mut behind);
}

/// The place of the only item of FROM; `None` when there are several.
fn only_item(nodes: &[Node]) -> Option<(usize, usize)> {
    if nodes
        .iter()
        .any(|node| COMBINES.iter().any(|word| node.is_keyword(word)))
    {
        return None;
    }
    let from = nodes.iter().position(|node| node.is_keyword("FROM"))? + 1;
    let ends = |node: &Node| node.is_mark(";") || AFTER_FROM.iter().any(|word| node.is_keyword(word));
    let end = nodes[from..]
        .iter()
        .position(ends)
        .map_or(nodes.len(), |length| from + length);
    let item = &nodes[from..end];
    let joins = |nodes: &[Node]| nodes.iter().any(|node| node.is_keyword("JOIN"));
    let several = item.iter().any(|node| node.is_mark(","))
        || joins(item)
        || item.first().and_then(Node::inside).is_some_and(joins);
    (!several).then_some((from, end))
}

/// Keywords that make rows. Without an alias such an item is called by the keyword.
const ROWS_OF: [(&str, &str); 2] = [("XMLTABLE", "xmltable"), ("JSON_TABLE", "json_table")];

/// The qualifier of the item's columns: its alias or the relation's name. An alias may have columns in
/// parentheses.
fn called(item: &[Node]) -> Option<String> {
    let named = item.split(|node| node.is_keyword("TABLESAMPLE")).next()?;
    let name = named.iter().rev().find_map(Node::name);
    let keyword = || {
        let first = named.first()?;
        ROWS_OF
            .iter()
            .find_map(|(keyword, name)| first.is_keyword(keyword).then_some(*name))
    };
    name.or_else(keyword).map(str::to_owned)
}

fn unqualify(nodes: &mut Vec<Node>, relation: &str) {
    let mut place = 0;
    while place < nodes.len() {
        if qualifies(nodes, place, relation) {
            nodes.drain(place..place + 2);
        }
        if let Some(children) = nodes.get_mut(place).and_then(Node::children)
            && !is_query(children)
        {
            unqualify(children, relation);
        }
        place += 1;
    }
}

/// Whether the name at that place qualifies a column, and not a function, a collation or a type.
fn qualifies(nodes: &[Node], place: usize, relation: &str) -> bool {
    let is_path = nodes[place].name() == Some(relation)
        && nodes.get(place + 1).is_some_and(|node| node.is_mark("."))
        && nodes.get(place + 2).is_some_and(|node| node.name().is_some());
    let names_something_else = place.checked_sub(1).is_some_and(|before| {
        let before = &nodes[before];
        before.is_mark(".") || before.is_keyword("COLLATE") || before.is_keyword("AS")
    });
    let is_longer = nodes
        .get(place + 3)
        .is_some_and(|node| node.is_mark(".") || node.arguments().is_some());
    is_path && !names_something_else && !is_longer
}

fn is_query(nodes: &[Node]) -> bool {
    let first = nodes.iter().find(|node| node.group(Bracket::Round).is_none());
    first.is_some_and(|node| {
        ["SELECT", "WITH", "VALUES"]
            .iter()
            .any(|word| node.is_keyword(word))
    }) && nodes
        .first()
        .is_some_and(|node| matches!(node, Node::Keyword(_)) || node.inside().is_some_and(is_query))
}
