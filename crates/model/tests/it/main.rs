//! The exhaustive search of the model, and the faults that it has to find.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod mutations;
mod scopes;

use crossover_model::{Cutover, Scope, story};
use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// Searches the whole scope. Fails with every broken property and its counterexample, and where something that has to be
/// possible is not.
fn search(name: &str, scope: Scope) {
    let checker = Cutover::new(scope).checker().threads(2).spawn_bfs().join();
    println!(
        "{name}: {} states, {} steps, at most {} in a row",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    for property in checker.model().properties() {
        let found = checker.discovery(property.name);
        if property.expectation == Expectation::Sometimes {
            assert!(
                found.is_some(),
                "{name}: it is not possible that {}",
                property.name
            );
        } else {
            let told = found.map(|path| story(&path.into_vec()).join("\n  "));
            assert!(
                told.is_none(),
                "{name}: broken: {}\n  {}",
                property.name,
                told.unwrap_or_default()
            );
        }
    }
}

/// The shortest way to break a property.
fn counterexample(scope: Scope, property: &'static str) -> Vec<String> {
    let checker = Cutover::new(scope)
        .checker()
        .finish_when(HasDiscoveries::AnyOf([property].into()))
        .spawn_bfs()
        .join();
    let path = checker.discovery(property);
    path.map_or_else(Vec::new, |path| story(&path.into_vec()))
}
