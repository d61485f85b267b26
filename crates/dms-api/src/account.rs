//! One account in one region, and the operations on it.

use serde_json::{Map, Value};

use crate::{
    DataPlane, Fault, Kind,
    documents::{Document, Documents},
    request::Request,
};

/// Everything DMS has in one account and region.
pub struct Account {
    region: String,
    number: String,
    pub(crate) documents: Documents,
    pub(crate) plane: Box<dyn DataPlane>,
}

impl Account {
    /// `number` is the account's, twelve digits.
    pub fn new(
        region: impl Into<String>,
        number: impl Into<String>,
        plane: impl DataPlane + 'static,
    ) -> Self {
        Self {
            region: region.into(),
            number: number.into(),
            documents: Documents::default(),
            plane: Box::new(plane),
        }
    }

    /// The ARN of a resource by its identifier.
    pub fn arn(&self, kind: Kind, id: &str) -> String {
        arn(&self.region, &self.number, kind, id)
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Keeps a resource with the tags of its request.
    pub(crate) fn keep(
        &mut self,
        kind: Kind,
        id: &str,
        request: &Request,
        body: Map<String, Value>,
    ) -> Result<&Document, Fault> {
        let arn = self.arn(kind, id);
        self.documents.insert(Document {
            kind,
            id: id.to_owned(),
            arn,
            body,
            tags: request.tags(),
        })
    }

    /// Carries out one operation by its name.
    pub(crate) async fn operate(&mut self, operation: &str, request: &Request) -> Result<Value, Fault> {
        match operation {
            "CreateReplicationSubnetGroup" => self.create_subnet_group(request),
            "DescribeReplicationSubnetGroups" => self.describe_subnet_groups(request),
            "ModifyReplicationSubnetGroup" => self.modify_subnet_group(request),
            "DeleteReplicationSubnetGroup" => self.delete_subnet_group(request),
            "CreateReplicationInstance" => self.create_instance(request),
            "DescribeReplicationInstances" => self.describe_instances(request),
            "ModifyReplicationInstance" => self.modify_instance(request),
            "DeleteReplicationInstance" => self.delete_instance(request),
            "ImportCertificate" => self.import_certificate(request),
            "DescribeCertificates" => self.describe_certificates(request),
            "DeleteCertificate" => self.delete_certificate(request),
            "CreateEndpoint" => self.create_endpoint(request),
            "DescribeEndpoints" => self.describe_endpoints(request),
            "ModifyEndpoint" => self.modify_endpoint(request),
            "DeleteEndpoint" => self.delete_endpoint(request),
            "CreateReplicationTask" => self.create_task(request).await,
            "DescribeReplicationTasks" => self.describe_tasks(request).await,
            "ModifyReplicationTask" => self.modify_task(request).await,
            "StartReplicationTask" => self.start_task(request).await,
            "StopReplicationTask" => self.stop_task(request).await,
            "DeleteReplicationTask" => self.delete_task(request).await,
            "DescribeTableStatistics" => self.table_statistics(request).await,
            "CreateEventSubscription" => self.create_event_subscription(request),
            "DescribeEventSubscriptions" => self.describe_event_subscriptions(request),
            "ModifyEventSubscription" => self.modify_event_subscription(request),
            "DeleteEventSubscription" => self.delete_event_subscription(request),
            "ListTagsForResource" => self.list_tags(request),
            "AddTagsToResource" => self.add_tags(request),
            "RemoveTagsFromResource" => self.remove_tags(request),
            _ => Err(Fault::new(
                "UnknownOperationException",
                format!("the local DMS does not know {operation:?}"),
            )),
        }
    }
}

/// The ARN of a resource of any account.
pub fn arn(region: &str, number: &str, kind: Kind, id: &str) -> String {
    format!("arn:aws:dms:{region}:{number}:{}", kind.end_of_arn(id))
}
