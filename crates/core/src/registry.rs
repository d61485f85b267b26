//! The list of all stages.

use std::sync::Arc;

use crate::stage::{AnyStage, StageName};

/// Stages in the order in which a run first reaches them.
#[derive(Clone, Default)]
pub struct Registry(Vec<Arc<dyn AnyStage>>);

impl Registry {
    /// Adds a stage at the end.
    #[must_use]
    pub fn with(mut self, stage: impl AnyStage + 'static) -> Self {
        self.0.push(Arc::new(stage));
        self
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<dyn AnyStage>> {
        self.0.iter()
    }

    pub fn names(&self) -> Vec<StageName> {
        self.iter().map(|stage| stage.name()).collect()
    }

    pub fn get(&self, name: &str) -> Result<Arc<dyn AnyStage>, UnknownStage> {
        let found = self.iter().find(|stage| stage.name().as_str() == name);
        found.cloned().ok_or_else(|| UnknownStage {
            given: name.to_owned(),
            known: self.names(),
        })
    }
}

/// A name that no stage has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no stage is called {given:?}: the stages are {}", list(.known))]
pub struct UnknownStage {
    pub given: String,
    pub known: Vec<StageName>,
}

fn list(names: &[StageName]) -> String {
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::{Stage, StageContext, StageError};

    struct First;
    struct Second;

    #[async_trait]
    impl Stage for First {
        const NAME: StageName = StageName::new("first-one");
        const PURPOSE: &'static str = "";
        type Input = ();
        type Output = ();

        async fn run(&self, _ctx: &StageContext, (): ()) -> Result<(), StageError> {
            Ok(())
        }
    }

    #[async_trait]
    impl Stage for Second {
        const NAME: StageName = StageName::new("second");
        const PURPOSE: &'static str = "";
        type Input = ();
        type Output = ();

        async fn run(&self, _ctx: &StageContext, (): ()) -> Result<(), StageError> {
            Ok(())
        }
    }

    #[test]
    fn every_stage_is_found_by_its_name() {
        let registry = Registry::default().with(First).with(Second);
        for name in registry.names() {
            assert_eq!(registry.get(name.as_str()).unwrap().name(), name);
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
        }
    }

    #[test]
    fn the_error_for_an_unknown_name_lists_all_names() {
        let registry = Registry::default().with(First).with(Second);
        let Err(error) = registry.get("first_one") else {
            panic!("no stage has this name");
        };
        assert_eq!(
            error.to_string(),
            "no stage is called \"first_one\": the stages are first-one, second"
        );
    }
}
