//! The normal form of printed definitions: equal texts mean the same definition, whichever version printed it
//! and whether it was typed or restored from a dump.
//!
//! A definition is read as a tree ([`tree`]), brought into its normal form ([`normal_form`]) and written as
//! text again ([`write`]).

mod name;
mod normal_form;
mod operand_types;
mod options;
pub mod token;
mod tree;
mod type_name;
mod write;

pub(crate) use name::readable;
pub(crate) use operand_types::OperandTypes;

/// The kind of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An expression or a statement.
    Statement,
    /// The query of a view.
    Query,
    /// The list of a function's arguments.
    Arguments,
    /// A type, or a function with the types of its arguments.
    Signature,
    /// Names, in quotes where the server quotes them, with words and literals between them.
    Names,
    /// Options of a foreign server, as JSON.
    Options,
}

/// A printed definition in its normal form. A text that no server prints is returned unchanged.
pub(crate) fn normal_form(form: Form, printed: &str, types: &OperandTypes) -> String {
    match form {
        Form::Names => return readable(printed),
        Form::Options => return options::shown(printed),
        _ => {}
    }
    let Some(mut nodes) = tree::tree(printed) else {
        return printed.to_owned();
    };
    match form {
        Form::Statement => normal_form::normalise(&mut nodes, types),
        Form::Signature | Form::Names | Form::Options => return write::signature(&nodes),
        Form::Query => normal_form::normalise_query(&mut nodes, types),
        Form::Arguments => normal_form::normalise_arguments(&mut nodes, types),
    }
    write::text(&nodes)
}

#[cfg(test)]
mod tests;
