use serde_json::{Value, json};

use super::{list, one};
use crate::{Account, Fault, Kind, request::Request};

const NAME: &str = "SubscriptionName";
const CATEGORIES: &[&str] = &[
    "configuration change",
    "creation",
    "deletion",
    "failover",
    "failure",
    "low storage",
    "maintenance",
    "state change",
];

impl Account {
    pub(crate) fn create_event_subscription(&mut self, request: &Request) -> Result<Value, Fault> {
        let name = request.text(NAME)?;
        request.text("SnsTopicArn")?;
        categories(request)?;
        let body = json!({
            "CustSubscriptionId": name, "Status": "active",
            "Enabled": request.value("Enabled").as_bool().unwrap_or(true),
            "SnsTopicArn": request.value("SnsTopicArn"), "SourceType": request.value("SourceType"),
            "EventCategoriesList": request.texts("EventCategories"), "SourceIdsList": request.texts("SourceIds"),
        });
        let body = body.as_object().cloned().unwrap_or_default();
        let kept = self.keep(Kind::EventSubscription, name, request, body)?;
        Ok(one("EventSubscription", kept.body.clone()))
    }

    pub(crate) fn describe_event_subscriptions(&self, request: &Request) -> Result<Value, Fault> {
        let found = match request.optional(NAME) {
            Some(name) => vec![self.documents.by_id(Kind::EventSubscription, name)?],
            None => self.documents.of(Kind::EventSubscription).collect(),
        };
        Ok(list("EventSubscriptionsList", &found))
    }

    pub(crate) fn modify_event_subscription(&mut self, request: &Request) -> Result<Value, Fault> {
        categories(request)?;
        let name = request.text(NAME)?;
        let arn = self.documents.by_id(Kind::EventSubscription, name)?.arn.clone();
        let kept = self.documents.by_arn_mut(Kind::EventSubscription, &arn)?;
        kept.body
            .extend(request.given(&["Enabled", "SnsTopicArn", "SourceType"]));
        if !request.value("EventCategories").is_null() {
            kept.body.insert(
                "EventCategoriesList".to_owned(),
                request.texts("EventCategories").into(),
            );
        }
        Ok(one("EventSubscription", kept.body.clone()))
    }

    pub(crate) fn delete_event_subscription(&mut self, request: &Request) -> Result<Value, Fault> {
        let found = self
            .documents
            .by_id(Kind::EventSubscription, request.text(NAME)?)?;
        let (arn, body) = (found.arn.clone(), found.body.clone());
        self.documents.remove(&arn);
        Ok(one("EventSubscription", body))
    }
}

fn categories(request: &Request) -> Result<(), Fault> {
    for category in request.texts("EventCategories") {
        if !CATEGORIES.contains(&category) {
            return Err(Fault::invalid(format!(
                "DMS has no events of the category {category:?}"
            )));
        }
    }
    match request.optional("SourceType") {
        None | Some("replication-instance" | "replication-task") => Ok(()),
        Some(other) => Err(Fault::invalid(format!("DMS has no events of a {other:?}"))),
    }
}
