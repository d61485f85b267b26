//! What Terraform reports while it works, as lines of JSON.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

/// The events of one command so far.
#[derive(Debug, Default)]
pub struct Events(Vec<Value>);

impl Events {
    /// Lines that are no event, such as a panic of a plugin, are left out.
    pub fn of(log: &Path) -> Self {
        let text = std::fs::read(log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        Self(
            text.lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect(),
        )
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |event| event["type"] == kind)
    }

    /// Data that is read is no resource.
    fn of_resources(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.of_kind(kind)
            .filter(|event| event["hook"]["action"] != "read")
    }

    /// Resources that are done, and those that the command has to do.
    pub fn done_of(&self) -> (usize, usize) {
        (
            self.of_resources("apply_complete").count(),
            self.of_kind("planned_change").count(),
        )
    }

    /// Addresses of the resources that the command is working on.
    pub fn open(&self) -> BTreeSet<String> {
        let address = |event: &Value| event["hook"]["resource"]["addr"].as_str().map(str::to_owned);
        let mut open: BTreeSet<String> = self.of_kind("apply_start").filter_map(address).collect();
        for event in self
            .of_kind("apply_complete")
            .chain(self.of_kind("apply_errored"))
        {
            if let Some(done) = address(event) {
                open.remove(&done);
            }
        }
        open
    }

    /// The diagnostics that are errors.
    pub fn errors(&self) -> impl Iterator<Item = &Value> {
        self.of_kind("diagnostic")
            .map(|event| &event["diagnostic"])
            .filter(|diagnostic| diagnostic["severity"] == "error")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_events_say_what_is_done_what_is_open_and_what_failed() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let event = |kind: &str, address: &str| {
            format!("{{\"type\":\"{kind}\",\"hook\":{{\"resource\":{{\"addr\":\"{address}\"}}}}}}\n")
        };
        let mut text = "no event\n".to_owned();
        for address in ["a", "b", "c"] {
            text += &event("planned_change", address);
            text += &event("apply_start", address);
        }
        text += &event("apply_complete", "a");
        text += &event("apply_errored", "b");
        text += "{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"no\"}}\n";
        text += "{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"warning\",\"summary\":\"old\"}}\n";
        std::fs::write(log.path(), text).unwrap();
        let events = Events::of(log.path());
        assert_eq!(events.done_of(), (1, 3));
        assert_eq!(events.open().into_iter().collect::<Vec<_>>(), ["c"]);
        assert_eq!(events.errors().count(), 1);
    }
}
