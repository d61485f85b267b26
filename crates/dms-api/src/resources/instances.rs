use serde_json::{Value, json};

use super::{list, now, one};
use crate::{Account, Fault, Kind, request::Request};

const ID: &str = "ReplicationInstanceIdentifier";
const ARN: &str = "ReplicationInstanceArn";
/// Kept beside what is described, for the subnet group's use.
pub const SUBNET_GROUP: &str = "ReplicationSubnetGroupIdentifier";
/// What a caller chooses, and may change later.
const CHANGEABLE: &[&str] = &[
    "ReplicationInstanceClass",
    "AllocatedStorage",
    "AutoMinorVersionUpgrade",
    "EngineVersion",
    "MultiAZ",
    "NetworkType",
    "PreferredMaintenanceWindow",
];
/// What a caller chooses once.
const FIXED: &[&str] = &[
    ID,
    "AvailabilityZone",
    "KmsKeyId",
    "PubliclyAccessible",
    SUBNET_GROUP,
];

impl Account {
    pub(crate) fn create_instance(&mut self, request: &Request) -> Result<Value, Fault> {
        let id = request.text(ID)?;
        let class = request.text("ReplicationInstanceClass")?;
        if !class.starts_with("dms.") {
            return Err(Fault::invalid(format!(
                "{class} is no class of replication instances"
            )));
        }
        // What DMS chooses where the caller does not.
        let defaults = json!({
            "ReplicationInstanceStatus": "available",
            "AllocatedStorage": 50, "EngineVersion": "3.6.1", "MultiAZ": false, "AutoMinorVersionUpgrade": true,
            "NetworkType": "IPV4", "PreferredMaintenanceWindow": "sun:05:00-sun:05:30", "PubliclyAccessible": false,
            "AvailabilityZone": format!("{}a", self.region()),
            "ReplicationInstancePrivateIpAddresses": ["10.64.0.10"],
            "ReplicationInstancePublicIpAddresses": [],
            ARN: self.arn(Kind::Instance, id),
            "InstanceCreateTime": now(),
            "VpcSecurityGroups": groups(request),
        });
        let mut body = defaults.as_object().cloned().unwrap_or_default();
        body.extend(request.given(CHANGEABLE));
        body.extend(request.given(FIXED));
        let group = match request.optional(SUBNET_GROUP) {
            Some(group) => self.documents.by_id(Kind::SubnetGroup, group)?.body.clone(),
            // The default group, which every account has.
            None => request.given(&[]),
        };
        body.insert("ReplicationSubnetGroup".to_owned(), Value::Object(group));
        let kept = self.keep(Kind::Instance, id, request, body)?;
        Ok(one("ReplicationInstance", kept.body.clone()))
    }

    pub(crate) fn describe_instances(&self, request: &Request) -> Result<Value, Fault> {
        let found = self.documents.wanted(Kind::Instance, request)?;
        Ok(list("ReplicationInstances", &found))
    }

    pub(crate) fn modify_instance(&mut self, request: &Request) -> Result<Value, Fault> {
        let instance = self.documents.by_arn_mut(Kind::Instance, request.text(ARN)?)?;
        instance.body.extend(request.given(CHANGEABLE));
        if !request.value("VpcSecurityGroupIds").is_null() {
            instance
                .body
                .insert("VpcSecurityGroups".to_owned(), groups(request));
        }
        Ok(one("ReplicationInstance", instance.body.clone()))
    }

    pub(crate) fn delete_instance(&mut self, request: &Request) -> Result<Value, Fault> {
        let arn = request.text(ARN)?;
        let body = self.documents.by_arn(Kind::Instance, arn)?.body.clone();
        self.documents.unused(arn, Kind::Task, &[ARN], arn)?;
        self.documents.remove(arn);
        Ok(one("ReplicationInstance", body))
    }
}

fn groups(request: &Request) -> Value {
    let groups = request.texts("VpcSecurityGroupIds").into_iter();
    groups
        .map(|group| json!({ "VpcSecurityGroupId": group, "Status": "active" }))
        .collect()
}
