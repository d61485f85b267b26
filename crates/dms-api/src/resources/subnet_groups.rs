use serde_json::{Map, Value, json};

use super::{list, one};
use crate::{Account, Fault, Kind, request::Request};

const ID: &str = "ReplicationSubnetGroupIdentifier";
const DESCRIPTION: &str = "ReplicationSubnetGroupDescription";

impl Account {
    pub(crate) fn create_subnet_group(&mut self, request: &Request) -> Result<Value, Fault> {
        let id = request.text(ID)?;
        request.text(DESCRIPTION)?;
        let mut body = request.given(&[ID, DESCRIPTION]);
        body.insert("SubnetGroupStatus".to_owned(), "Complete".into());
        body.insert("SupportedNetworkTypes".to_owned(), json!(["IPV4"]));
        body.extend(subnets(id, request)?);
        let kept = self.keep(Kind::SubnetGroup, id, request, body)?;
        Ok(one("ReplicationSubnetGroup", kept.body.clone()))
    }

    pub(crate) fn describe_subnet_groups(&self, request: &Request) -> Result<Value, Fault> {
        let found = self.documents.wanted(Kind::SubnetGroup, request)?;
        Ok(list("ReplicationSubnetGroups", &found))
    }

    pub(crate) fn modify_subnet_group(&mut self, request: &Request) -> Result<Value, Fault> {
        let id = request.text(ID)?;
        let arn = self.documents.by_id(Kind::SubnetGroup, id)?.arn.clone();
        let changed = subnets(id, request)?;
        let group = self.documents.by_arn_mut(Kind::SubnetGroup, &arn)?;
        group.body.extend(request.given(&[DESCRIPTION]));
        group.body.extend(changed);
        Ok(one("ReplicationSubnetGroup", group.body.clone()))
    }

    pub(crate) fn delete_subnet_group(&mut self, request: &Request) -> Result<Value, Fault> {
        let id = request.text(ID)?;
        let arn = self.documents.by_id(Kind::SubnetGroup, id)?.arn.clone();
        self.documents
            .unused(&arn, Kind::Instance, &[super::instances::SUBNET_GROUP], id)?;
        self.documents.remove(&arn);
        Ok(json!({}))
    }
}

/// The subnets of a request. Which zone each is in is EC2's knowledge, and the provider of Terraform asks for none.
fn subnets(id: &str, request: &Request) -> Result<Map<String, Value>, Fault> {
    let subnets = request.texts("SubnetIds");
    if subnets.len() < 2 {
        return Err(Fault::new(
            "ReplicationSubnetGroupDoesNotCoverEnoughAZs",
            format!(
                "subnet group {id} has {} subnets; DMS demands two zones",
                subnets.len()
            ),
        ));
    }
    let subnets: Value = subnets
        .into_iter()
        .map(|subnet| json!({ "SubnetIdentifier": subnet, "SubnetStatus": "Active" }))
        .collect();
    Ok(Map::from_iter([("Subnets".to_owned(), subnets)]))
}
