//! Reads the declarations of one resource: `index.d.ts` as cdktf generates it.

use std::collections::{BTreeMap, BTreeSet};

/// The shape of a resource, a data source or a provider's configuration.
#[derive(Debug, Default)]
pub struct Resource {
    /// The arguments at the top.
    pub arguments: Shape,
    /// The shapes of blocks and objects, by the name of their interface.
    pub nested: BTreeMap<String, Shape>,
    /// What can be read of it, as [`plain`] writes names.
    pub readable: BTreeSet<String>,
}

/// The arguments of one block or object, by name.
pub type Shape = BTreeMap<String, Argument>;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Argument {
    pub required: bool,
    /// Written as a block, not with an equals sign.
    pub is_block: bool,
    /// May be given several times.
    pub is_many: bool,
    /// The interface of its content; None for plain values.
    pub content: Option<String>,
    /// The permitted texts, where the schema lists them.
    pub values: Vec<String>,
}

/// A name without case and underscores: the declarations write camelCase, Terraform writes snake_case, and neither
/// can be made from the other: `ipv6Cidr` may stand for `ipv6_cidr` or `ipv_6_cidr`.
pub fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| *letter != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

/// Reads the texts of all files of one resource.
pub fn read(text: &str) -> Resource {
    let mut resource = Resource::default();
    let mut interfaces: BTreeMap<String, Shape> = BTreeMap::new();
    let mut top = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("export interface ") {
            let name = rest.split([' ', '{']).next().unwrap_or_default().to_owned();
            // The configuration of a provider extends nothing; blocks of resources may be named like it.
            if rest.contains(".TerraformMetaArguments") || (top.is_none() && name.ends_with("ProviderConfig"))
            {
                top = Some(name.clone());
            }
            interfaces.insert(name, interface(&mut lines));
        } else if line.starts_with("export declare class ") && is_resource(line) {
            resource.readable = getters(&mut lines);
        }
    }
    resource.arguments = top.and_then(|name| interfaces.remove(&name)).unwrap_or_default();
    resource.nested = interfaces;
    resource
}

fn is_resource(line: &str) -> bool {
    line.contains(".TerraformResource ")
        || line.contains(".TerraformDataSource ")
        || line.contains(".TerraformProvider ")
}

/// The arguments up to the end of an interface.
fn interface<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Shape {
    let mut shape = Shape::new();
    let mut argument = Argument::default();
    let mut name = None;
    while let Some(line) = lines.next().filter(|line| *line != "}") {
        let line = line.trim();
        if line.starts_with("/**") {
            (argument, name) = (Argument::default(), None);
        } else if let Some(comment) = line.strip_prefix("* ") {
            argument.is_block |= comment
                .strip_suffix(" block")
                .is_some_and(|word| !word.contains(' '));
            if let Some((_, list)) = comment.split_once("Available values: ") {
                argument.values = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
            }
            if comment.contains("Docs at Terraform Registry") {
                let anchor = comment
                    .rsplit_once('#')
                    .and_then(|(_, anchor)| anchor.strip_suffix('}'));
                name = anchor.map(str::to_owned);
            }
        } else if let Some(declared) = line.strip_prefix("readonly ") {
            let Some((camel, mut of)) = declared.split_once(':').map(|(name, of)| (name, of.to_owned()))
            else {
                continue;
            };
            while !is_closed(&of) {
                match lines.next() {
                    Some(more) => of.push_str(more),
                    None => break,
                }
            }
            argument.required = !camel.ends_with('?');
            argument.is_many = of.contains("[]");
            argument.content = content(&of);
            let snake = name.take().unwrap_or_else(|| snake(camel.trim_end_matches('?')));
            shape.insert(snake, std::mem::take(&mut argument));
        }
    }
    shape
}

fn is_closed(of: &str) -> bool {
    of.ends_with(';') && of.matches('{').count() == of.matches('}').count()
}

/// The interface in a type: a word that begins in upper case and belongs to no library.
fn content(of: &str) -> Option<String> {
    let mut words = of.split(|letter: char| !letter.is_alphanumeric() && letter != '.' && letter != '_');
    words
        .find(|word| word.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(str::to_owned)
}

fn snake(camel: &str) -> String {
    let mut snake = String::new();
    for letter in camel.chars() {
        if letter.is_uppercase() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The names of the getters up to the end of a class.
fn getters<'a>(lines: &mut impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let members = lines.take_while(|line| *line != "}");
    let getters = members.filter_map(|line| line.trim().strip_prefix("get ")?.split('(').next());
    getters.map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of a declaration, with names of our own.
    const DECLARATION: &str = r#"
export interface ShelfConfig extends cdktn.TerraformMetaArguments {
    /**
    * How books stand.
    * Available values: "upright", "flat".
    *
    * Docs at Terraform Registry: {@link https://example.org/docs/resources/shelf#book_order Shelf#book_order}
    */
    readonly bookOrder: string;
    /**
    * Docs at Terraform Registry: {@link https://example.org/docs/resources/shelf#tags Shelf#tags}
    */
    readonly tags?: {
        [key: string]: string;
    };
    /**
    * board block
    *
    * Docs at Terraform Registry: {@link https://example.org/docs/resources/shelf#board Shelf#board}
    */
    readonly board: ShelfBoard[] | cdktn.IResolvable;
}
export interface ShelfBoard {
    /**
    * Docs at Terraform Registry: {@link https://example.org/docs/resources/shelf#width_mm Shelf#width_mm}
    */
    readonly widthMm?: number;
}
export declare class Shelf extends cdktn.TerraformResource {
    get arn(): string;
    get bookOrderInput(): string | undefined;
}
"#;

    #[test]
    fn a_declaration_gives_names_needs_blocks_and_values() {
        let shelf = read(DECLARATION);
        let order = &shelf.arguments["book_order"];
        assert!(order.required && !order.is_block);
        assert_eq!(order.values, ["upright", "flat"]);
        assert!(!shelf.arguments["tags"].required && shelf.arguments["tags"].content.is_none());
        let board = &shelf.arguments["board"];
        assert!(board.required && board.is_block && board.is_many);
        assert!(shelf.nested[board.content.as_ref().unwrap()].contains_key("width_mm"));
        assert!(shelf.readable.contains("arn") && shelf.readable.contains(&plain("book_order_input")));
    }
}
