//! The fields of a request.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::Fault;

/// The body of a request.
#[derive(Debug)]
pub struct Request(Value);

impl Request {
    pub fn parse(body: &str) -> Result<Self, Fault> {
        serde_json::from_str(body)
            .map(Self)
            .map_err(|error| Fault::invalid(format!("the request is not JSON: {error}")))
    }

    /// A field that must be there.
    pub fn text(&self, key: &str) -> Result<&str, Fault> {
        self.optional(key)
            .ok_or_else(|| Fault::invalid(format!("{key} is missing")))
    }

    pub fn optional(&self, key: &str) -> Option<&str> {
        self.0[key].as_str()
    }

    pub fn flag(&self, key: &str) -> bool {
        self.0[key].as_bool().unwrap_or_default()
    }

    pub fn value(&self, key: &str) -> &Value {
        &self.0[key]
    }

    pub fn texts(&self, key: &str) -> Vec<&str> {
        let list = self.0[key].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).collect()
    }

    /// Those of the named fields that are given, as they are.
    pub fn given(&self, keys: &[&str]) -> Map<String, Value> {
        let given = keys.iter().filter(|key| !self.0[**key].is_null());
        given
            .map(|key| ((*key).to_owned(), self.0[*key].clone()))
            .collect()
    }

    pub fn tags(&self) -> BTreeMap<String, String> {
        let list = self.0["Tags"].as_array().into_iter().flatten();
        list.filter_map(|tag| {
            let value = tag["Value"].as_str().unwrap_or_default();
            Some((tag["Key"].as_str()?.to_owned(), value.to_owned()))
        })
        .collect()
    }

    /// Name and values of each filter.
    pub fn filters(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let list = self.0["Filters"].as_array().into_iter().flatten();
        list.map(|filter| {
            let values = filter["Values"].as_array().into_iter().flatten();
            (
                filter["Name"].as_str().unwrap_or_default(),
                values.filter_map(Value::as_str).collect(),
            )
        })
    }
}
