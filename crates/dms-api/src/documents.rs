//! What DMS keeps: documents of several kinds, each with an identifier, an ARN and tags.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{Fault, request::Request};

/// The kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    SubnetGroup,
    Instance,
    Certificate,
    Endpoint,
    Task,
    EventSubscription,
}

impl Kind {
    /// The word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::SubnetGroup => "replication subnet group",
            Self::Instance => "replication instance",
            Self::Certificate => "certificate",
            Self::Endpoint => "endpoint",
            Self::Task => "task",
            Self::EventSubscription => "event subscription",
        }
    }

    /// The word in ARNs.
    fn in_arn(self) -> &'static str {
        match self {
            Self::SubnetGroup => "subgrp",
            Self::Instance => "rep",
            Self::Certificate => "cert",
            Self::Endpoint => "endpoint",
            Self::Task => "task",
            Self::EventSubscription => "es",
        }
    }

    /// The end of an ARN. Where DMS invents one, it is not the identifier here either: nobody may take the one
    /// for the other.
    pub(crate) fn end_of_arn(self, id: &str) -> String {
        match self {
            Self::SubnetGroup | Self::EventSubscription => format!("{}:{id}", self.in_arn()),
            _ => format!("{}:{}", self.in_arn(), id.to_uppercase()),
        }
    }

    /// The filters by identifier and by ARN.
    fn filters(self) -> [&'static str; 2] {
        match self {
            Self::SubnetGroup => ["replication-subnet-group-id", ""],
            Self::Instance => ["replication-instance-id", "replication-instance-arn"],
            Self::Certificate => ["certificate-id", "certificate-arn"],
            Self::Endpoint => ["endpoint-id", "endpoint-arn"],
            Self::Task => ["replication-task-id", "replication-task-arn"],
            // Asked for by a field of its own.
            Self::EventSubscription => ["", ""],
        }
    }
}

/// One resource.
#[derive(Debug, Clone)]
pub struct Document {
    pub kind: Kind,
    pub id: String,
    pub arn: String,
    /// As it is described.
    pub body: Map<String, Value>,
    pub tags: BTreeMap<String, String>,
}

impl Document {
    pub fn text(&self, key: &str) -> &str {
        self.body.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn named(&self) -> String {
        format!("{} {}", self.kind.word(), self.id)
    }
}

/// All resources of an account in one region.
#[derive(Debug, Default)]
pub struct Documents(BTreeMap<String, Document>);

impl Documents {
    pub fn insert(&mut self, document: Document) -> Result<&Document, Fault> {
        identifier(document.kind, &document.id)?;
        if self.0.contains_key(&document.arn) {
            return Err(Fault::exists(&document.named()));
        }
        let arn = document.arn.clone();
        Ok(self.0.entry(arn).or_insert(document))
    }

    pub fn remove(&mut self, arn: &str) {
        self.0.remove(arn);
    }

    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Document> {
        self.0.values().filter(move |document| document.kind == kind)
    }

    pub fn by_arn(&self, kind: Kind, arn: &str) -> Result<&Document, Fault> {
        let found = self.0.get(arn).filter(|document| document.kind == kind);
        found.ok_or_else(|| Fault::not_found(&format!("{} {arn}", kind.word())))
    }

    pub fn by_arn_mut(&mut self, kind: Kind, arn: &str) -> Result<&mut Document, Fault> {
        let found = self.0.get_mut(arn).filter(|document| document.kind == kind);
        found.ok_or_else(|| Fault::not_found(&format!("{} {arn}", kind.word())))
    }

    pub fn by_id(&self, kind: Kind, id: &str) -> Result<&Document, Fault> {
        self.of(kind)
            .find(|document| document.id == id)
            .ok_or_else(|| Fault::not_found(&format!("{} {id}", kind.word())))
    }

    /// What has tags, of whatever kind.
    pub fn tagged(&mut self, arn: &str) -> Result<&mut Document, Fault> {
        self.0
            .get_mut(arn)
            .ok_or_else(|| Fault::not_found(&format!("resource {arn}")))
    }

    /// What a request asks for. As in DMS, filters that nothing fits are a fault.
    pub fn wanted(&self, kind: Kind, request: &Request) -> Result<Vec<&Document>, Fault> {
        let [by_id, by_arn] = kind.filters();
        let mut found: Vec<&Document> = self.of(kind).collect();
        for (name, values) in request.filters() {
            let field: fn(&Document) -> &str = match name {
                _ if name == by_id => |document| &document.id,
                _ if name == by_arn => |document| &document.arn,
                _ => {
                    return Err(Fault::invalid(format!(
                        "no filter {name:?} of {}s is known here",
                        kind.word()
                    )));
                }
            };
            found.retain(|document| values.contains(&field(document)));
            if found.is_empty() {
                return Err(Fault::not_found(&format!(
                    "{} {}",
                    kind.word(),
                    values.join(", ")
                )));
            }
        }
        Ok(found)
    }

    /// Refuses if another resource names this one.
    pub fn unused(&self, arn: &str, by: Kind, fields: &[&str], value: &str) -> Result<(), Fault> {
        let users: Vec<&str> = self
            .of(by)
            .filter(|user| fields.iter().any(|field| user.text(field) == value))
            .map(|user| user.id.as_str())
            .collect();
        if users.is_empty() {
            return Ok(());
        }
        Err(Fault::invalid_state(format!(
            "{arn} is used by the {}s {}",
            by.word(),
            users.join(", ")
        )))
    }

    pub fn arns(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// DMS's rule for identifiers.
fn identifier(kind: Kind, id: &str) -> Result<(), Fault> {
    let letter_first = id.starts_with(|first: char| first.is_ascii_alphabetic());
    let characters = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if letter_first && characters && !id.ends_with('-') && !id.contains("--") && id.len() <= 255 {
        return Ok(());
    }
    Err(Fault::invalid(format!(
        "the identifier {id:?} of a {} has something else than letters, digits and single hyphens, or no letter first",
        kind.word()
    )))
}
