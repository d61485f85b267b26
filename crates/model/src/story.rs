//! A path through the model in plain English.
use crate::{
    cutover::{Action, Cutover},
    state::State,
};
/// Sentences.
pub type Story = Vec<String>;
/// The sentences of a path.
pub fn story(path: Vec<(State, Option<Action>)>) -> Story {
    path.iter().map(|(_, a)| format!("{a:?}")).collect()
}
#[allow(dead_code)]
fn x(_: &Cutover) {}
