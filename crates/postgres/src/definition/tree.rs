//! Parses printed SQL into a tree: groups in parentheses and brackets, casts with their operand and their
//! type.
//!
//! The server prints keywords in capitals and every name that is not plain lower case in quotes, so that
//! names and keywords can be distinguished without a grammar. Only `true` and `false` are printed in lower
//! case, and a column of that name in quotes.

use std::iter::Peekable;

use super::{
    token::{Kind, Token, Tokens, tokens},
    type_name::TypeName,
};

/// A part of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Keyword(String),
    /// A name, without its quotes.
    Name(String),
    Text(String),
    Number(String),
    Operator(String),
    Mark(String),
    Group(Group),
    Cast {
        operand: Vec<Node>,
        to: TypeName,
    },
}

/// The content of a pair of parentheses or brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub open: Bracket,
    /// Whether no space precedes the bracket: the arguments of a call, or a subscript.
    pub adjacent: bool,
    pub nodes: Vec<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    Round,
    Square,
}

impl Bracket {
    pub(super) const fn opening(self) -> char {
        match self {
            Self::Round => '(',
            Self::Square => '[',
        }
    }

    pub(super) const fn closing(self) -> char {
        match self {
            Self::Round => ')',
            Self::Square => ']',
        }
    }

    fn of(mark: &str) -> Option<Self> {
        match mark {
            "(" => Some(Self::Round),
            "[" => Some(Self::Square),
            _ => None,
        }
    }

    fn closes(self, token: &Token<'_>) -> bool {
        token.kind == Kind::Mark && token.text.starts_with(self.closing())
    }
}

impl Node {
    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self, Self::Keyword(own) if own == keyword)
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        matches!(self, Self::Mark(own) if own == mark)
    }

    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn group(&self, open: Bracket) -> Option<&Group> {
        match self {
            Self::Group(group) if group.open == open => Some(group),
            _ => None,
        }
    }

    /// The content of a pair of parentheses.
    pub(super) fn inside(&self) -> Option<&[Self]> {
        self.group(Bracket::Round).map(|group| group.nodes.as_slice())
    }

    /// The arguments of the call whose name precedes this node.
    pub(super) fn arguments(&self) -> Option<&[Self]> {
        self.group(Bracket::Round)
            .filter(|group| group.adjacent)
            .map(|group| group.nodes.as_slice())
    }

    /// The lists of nodes inside this node.
    pub(super) fn children(&mut self) -> Option<&mut Vec<Self>> {
        match self {
            Self::Group(group) => Some(&mut group.nodes),
            Self::Cast { operand, .. } => Some(operand),
            _ => None,
        }
    }

    pub(super) fn parenthesised(nodes: Vec<Self>) -> Self {
        Self::Group(Group {
            open: Bracket::Round,
            adjacent: false,
            nodes,
        })
    }

    /// The arguments of a call, with commas between them.
    pub(super) fn list(arguments: &[Vec<Self>]) -> Self {
        let comma = [Self::Mark(",".to_owned())];
        Self::Group(Group {
            open: Bracket::Round,
            adjacent: true,
            nodes: arguments.join(&comma[..]),
        })
    }
}

/// Parses a printed definition; `None` when parentheses or brackets are unbalanced.
pub(super) fn tree(sql: &str) -> Option<Vec<Node>> {
    let mut reader = Reader {
        tokens: tokens(sql).peekable(),
    };
    reader.nodes(None)
}

struct Reader<'s> {
    tokens: Peekable<Tokens<'s>>,
}

impl Reader<'_> {
    /// Nodes up to the closing bracket; `None` without the bracket.
    fn nodes(&mut self, open: Option<Bracket>) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        while let Some(token) = self.tokens.next() {
            if open.is_some_and(|open| open.closes(&token)) {
                return Some(nodes);
            }
            let node = match token.kind {
                Kind::Comment => continue,
                Kind::Word => word(token.text),
                Kind::QuotedName => token
                    .quoted_name()
                    .map_or_else(|| Node::Text(token.text.to_owned()), Node::Name),
                Kind::Text => Node::Text(token.text.to_owned()),
                Kind::Number | Kind::Parameter => Node::Number(token.text.to_owned()),
                Kind::Operator => Node::Operator(token.text.to_owned()),
                Kind::Mark => match Bracket::of(token.text) {
                    Some(open) => Node::Group(Group {
                        open,
                        adjacent: !token.gap,
                        nodes: self.nodes(Some(open))?,
                    }),
                    None => match token.text {
                        ")" | "]" => return None,
                        "::" => self.cast(&mut nodes),
                        mark => Node::Mark(mark.to_owned()),
                    },
                },
            };
            nodes.push(node);
        }
        open.is_none().then_some(nodes)
    }

    /// A cast of the last node; only the mark where the operand or the type is missing.
    fn cast(&mut self, before: &mut Vec<Node>) -> Node {
        let from = operand(before);
        if from == before.len() {
            return Node::Mark("::".to_owned());
        }
        match TypeName::read(&mut self.tokens) {
            Some(to) => Node::Cast {
                operand: parenthesised(before.split_off(from)),
                to,
            },
            None => Node::Mark("::".to_owned()),
        }
    }
}

/// The place where the operand of a cast begins: a literal, a name with its qualifiers, a call, or a group in
/// parentheses.
fn operand(nodes: &[Node]) -> usize {
    let mut from = nodes.len();
    // Subscripts, or a call's arguments and name.
    while let Some(Node::Group(group)) = nodes[..from].last() {
        from -= 1;
        let before = nodes[..from].last();
        let belongs =
            group.adjacent && matches!(before, Some(Node::Name(_) | Node::Keyword(_) | Node::Group(_)));
        if !belongs {
            return from;
        }
    }
    match nodes[..from].last() {
        Some(Node::Name(_)) => {
            from -= 1;
            while from >= 2 && nodes[from - 1].is_mark(".") && nodes[from - 2].name().is_some() {
                from -= 2;
            }
            from
        }
        Some(Node::Keyword(_) | Node::Text(_) | Node::Number(_) | Node::Cast { .. }) => from - 1,
        _ => from,
    }
}

/// Adds parentheses around the operand of a cast, unless the operand is a constant or begins with a keyword,
/// because statistics objects are printed without them.
pub(super) fn parenthesised(operand: Vec<Node>) -> Vec<Node> {
    let stands_alone = match operand.as_slice() {
        [Node::Text(_) | Node::Number(_)] => true,
        [Node::Group(group)] => group.open == Bracket::Round,
        [Node::Keyword(word)] => word == "NULL",
        [Node::Keyword(word), Node::Group(_)] => word == "ARRAY" || word == "ROW",
        _ => false,
    };
    if stands_alone {
        operand
    } else {
        vec![Node::parenthesised(operand)]
    }
}

fn word(text: &str) -> Node {
    if text == "true" || text == "false" || text.contains(|c: char| c.is_ascii_uppercase()) {
        Node::Keyword(text.to_owned())
    } else {
        Node::Name(text.to_owned())
    }
}
