//! The API over HTTP, as the SDK and Terraform's provider speak to it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use async_trait::async_trait;
use crossover_dms_api::{Account, DataPlane, DmsApi, Fault, NoRows, TaskOrder, TaskProgress};
use serde_json::{Value, json};

const REGION: &str = "us-east-1";
const NUMBER: &str = "000000000000";

async fn started(plane: impl DataPlane + 'static) -> DmsApi {
    DmsApi::start(Account::new(REGION, NUMBER, plane)).await.unwrap()
}

/// The answer, or the name of the fault.
async fn call(api: &DmsApi, operation: &str, request: Value) -> Result<Value, String> {
    let http = crossover_stand::loopback::http().build().unwrap();
    let answer = http
        .post(api.url())
        .header("x-amz-target", format!("AmazonDMSv20160101.{operation}"))
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    let succeeded = answer.status().is_success();
    let body: Value = answer.json().await.unwrap();
    if succeeded {
        Ok(body)
    } else {
        Err(body["__type"].as_str().unwrap().to_owned())
    }
}

async fn fault(api: &DmsApi, operation: &str, request: Value) -> String {
    call(api, operation, request).await.unwrap_err()
}

fn filter(name: &str, value: &Value) -> Value {
    json!({ "Filters": [{ "Name": name, "Values": [value] }] })
}

/// Subnet group, instance, certificate and two endpoints. Returns the ARNs of instance, source and target.
async fn furnished(api: &DmsApi) -> [Value; 3] {
    call(api, "CreateReplicationSubnetGroup", json!({
        "ReplicationSubnetGroupIdentifier": "private", "ReplicationSubnetGroupDescription": "d", "SubnetIds": ["s-1", "s-2"],
    })).await.unwrap();
    let instance = call(api, "CreateReplicationInstance", json!({
        "ReplicationInstanceIdentifier": "main", "ReplicationInstanceClass": "dms.t3.medium", "MultiAZ": true,
        "ReplicationSubnetGroupIdentifier": "private", "VpcSecurityGroupIds": ["sg-1"],
        "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }],
    })).await.unwrap();
    let certificate = call(
        api,
        "ImportCertificate",
        json!({
            "CertificateIdentifier": "authority",
            "CertificatePem": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
        }),
    )
    .await
    .unwrap();
    let mut arns = vec![instance["ReplicationInstance"]["ReplicationInstanceArn"].clone()];
    for way in ["source", "target"] {
        let endpoint = call(api, "CreateEndpoint", json!({
            "EndpointIdentifier": way, "EndpointType": way, "EngineName": "postgres", "SslMode": "verify-full",
            "CertificateArn": certificate["Certificate"]["CertificateArn"],
            "PostgreSQLSettings": {
                "DatabaseName": "shop", "SecretsManagerSecretId": "s", "SecretsManagerAccessRoleArn": "r", "SlotName": "one",
            },
        })).await.unwrap();
        arns.push(endpoint["Endpoint"]["EndpointArn"].clone());
    }
    <[Value; 3]>::try_from(arns).unwrap()
}

fn task(id: &str, [instance, source, target]: &[Value; 3]) -> Value {
    json!({
        "ReplicationTaskIdentifier": id, "ReplicationInstanceArn": instance, "SourceEndpointArn": source,
        "TargetEndpointArn": target, "MigrationType": "cdc", "TableMappings": "{\"rules\":[]}",
        "ReplicationTaskSettings": "{}",
    })
}

#[tokio::test]
async fn what_is_created_is_described_as_it_was_asked_for() {
    let api = started(NoRows).await;
    let arns = furnished(&api).await;
    let instances = call(
        &api,
        "DescribeReplicationInstances",
        filter("replication-instance-arn", &arns[0]),
    )
    .await
    .unwrap();
    let instance = &instances["ReplicationInstances"][0];
    assert_eq!(instance["MultiAZ"], true);
    assert_eq!(
        instance["ReplicationSubnetGroup"]["ReplicationSubnetGroupIdentifier"],
        "private"
    );
    assert_eq!(instance["VpcSecurityGroups"][0]["VpcSecurityGroupId"], "sg-1");
    let endpoints = call(&api, "DescribeEndpoints", filter("endpoint-id", &json!("source")))
        .await
        .unwrap();
    assert_eq!(endpoints["Endpoints"][0]["EndpointType"], "SOURCE");
    // Settings that a change does not name stay.
    let slot = json!({ "EndpointArn": arns[1], "PostgreSQLSettings": { "SlotName": "two" } });
    let changed = call(&api, "ModifyEndpoint", slot).await.unwrap();
    let settings = &changed["Endpoint"]["PostgreSQLSettings"];
    assert_eq!(
        [&settings["SlotName"], &settings["DatabaseName"]],
        ["two", "shop"]
    );
    let created = call(&api, "CreateReplicationTask", task("forward", &arns))
        .await
        .unwrap();
    assert_eq!(created["ReplicationTask"]["Status"], "ready");
    let mut without = filter("replication-task-id", &json!("forward"));
    without["WithoutSettings"] = json!(true);
    let tasks = call(&api, "DescribeReplicationTasks", without).await.unwrap();
    assert!(tasks["ReplicationTasks"][0]["TableMappings"].is_null());
    assert_eq!(tasks["ReplicationTasks"][0]["SourceEndpointArn"], arns[1]);
}

#[tokio::test]
async fn what_dms_refuses_is_refused_by_its_name() {
    let api = started(NoRows).await;
    let arns = furnished(&api).await;
    let endpoint = |more: Value| {
        let mut endpoint =
            json!({ "EndpointIdentifier": "new", "EndpointType": "source", "EngineName": "postgres" });
        endpoint
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        endpoint
    };
    let mut swapped = task("swapped", &arns);
    swapped["SourceEndpointArn"] = arns[2].clone();
    let mut nowhere = task("nowhere", &arns);
    nowhere["ReplicationInstanceArn"] = json!("arn:none");
    let secret = json!({ "SecretsManagerSecretId": "s", "SecretsManagerAccessRoleArn": "r" });
    for (operation, request, expected) in [
        (
            "CreateEndpoint",
            endpoint(json!({ "SslMode": "verify-full" })),
            "InvalidParameterCombinationException",
        ),
        (
            "CreateEndpoint",
            endpoint(json!({ "CertificateArn": "arn:none" })),
            "ResourceNotFoundFault",
        ),
        (
            "CreateEndpoint",
            endpoint(json!({ "PostgreSQLSettings": { "SecretsManagerSecretId": "s" } })),
            "InvalidParameterCombinationException",
        ),
        (
            "CreateEndpoint",
            endpoint(json!({ "PostgreSQLSettings": secret, "Username": "u" })),
            "InvalidParameterCombinationException",
        ),
        (
            "CreateEndpoint",
            endpoint(json!({ "EndpointType": "both" })),
            "InvalidParameterValueException",
        ),
        (
            "CreateEndpoint",
            endpoint(json!({ "EndpointIdentifier": "source" })),
            "ResourceAlreadyExistsFault",
        ),
        (
            "CreateEndpoint",
            endpoint(json!({ "EndpointIdentifier": "a--b" })),
            "InvalidParameterValueException",
        ),
        ("CreateReplicationTask", swapped, "InvalidParameterValueException"),
        ("CreateReplicationTask", nowhere, "ResourceNotFoundFault"),
        (
            "ImportCertificate",
            json!({ "CertificateIdentifier": "c", "CertificatePem": "none" }),
            "InvalidCertificateFault",
        ),
        (
            "DescribeEndpoints",
            filter("endpoint-id", &json!("none")),
            "ResourceNotFoundFault",
        ),
        (
            "CreateReplicationSubnetGroup",
            json!({ "ReplicationSubnetGroupIdentifier": "g", "ReplicationSubnetGroupDescription": "d", "SubnetIds": ["s"] }),
            "ReplicationSubnetGroupDoesNotCoverEnoughAZs",
        ),
        (
            "CreateEventSubscription",
            json!({ "SubscriptionName": "n", "SnsTopicArn": "t", "EventCategories": ["joy"] }),
            "InvalidParameterValueException",
        ),
        (
            "RebootReplicationInstance",
            json!({}),
            "UnknownOperationException",
        ),
    ] {
        assert_eq!(
            fault(&api, operation, request.clone()).await,
            expected,
            "{operation} {request}"
        );
    }
}

#[tokio::test]
async fn nothing_that_is_used_is_deleted() {
    let api = started(NoRows).await;
    let arns = furnished(&api).await;
    let created = call(&api, "CreateReplicationTask", task("forward", &arns))
        .await
        .unwrap();
    let task = json!({ "ReplicationTaskArn": created["ReplicationTask"]["ReplicationTaskArn"] });
    let certificates = call(&api, "DescribeCertificates", json!({})).await.unwrap();
    let certificate = json!({ "CertificateArn": certificates["Certificates"][0]["CertificateArn"] });
    let order = [
        ("DeleteReplicationTask", task),
        ("DeleteEndpoint", json!({ "EndpointArn": arns[1] })),
        ("DeleteEndpoint", json!({ "EndpointArn": arns[2] })),
        ("DeleteCertificate", certificate),
        (
            "DeleteReplicationInstance",
            json!({ "ReplicationInstanceArn": arns[0] }),
        ),
        (
            "DeleteReplicationSubnetGroup",
            json!({ "ReplicationSubnetGroupIdentifier": "private" }),
        ),
    ];
    for (operation, request) in &order[1..] {
        assert_eq!(
            fault(&api, operation, request.clone()).await,
            "InvalidResourceStateFault",
            "{operation}"
        );
    }
    for (operation, request) in order {
        call(&api, operation, request).await.unwrap();
    }
    assert_eq!(api.arns().await, [""; 0]);
}

#[tokio::test]
async fn tags_are_listed_added_and_removed() {
    let api = started(NoRows).await;
    let [instance, ..] = furnished(&api).await;
    let of = json!({ "ResourceArn": instance });
    let mut more = of.clone();
    more["Tags"] = json!([{ "Key": "b", "Value": "3" }]);
    call(&api, "AddTagsToResource", more).await.unwrap();
    let mut fewer = of.clone();
    fewer["TagKeys"] = json!(["a"]);
    call(&api, "RemoveTagsFromResource", fewer).await.unwrap();
    let listed = call(&api, "ListTagsForResource", of).await.unwrap();
    let list = listed["TagList"].as_array().unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!([&list[0]["Key"], &list[0]["Value"]], ["b", "3"]);
}

#[tokio::test]
async fn where_no_rows_move_no_task_starts() {
    let api = started(NoRows).await;
    let arns = furnished(&api).await;
    let created = call(&api, "CreateReplicationTask", task("forward", &arns))
        .await
        .unwrap();
    let start = json!({
        "ReplicationTaskArn": created["ReplicationTask"]["ReplicationTaskArn"], "StartReplicationTaskType": "start-replication",
    });
    assert_eq!(
        fault(&api, "StartReplicationTask", start).await,
        "InvalidResourceStateFault"
    );
}

/// Runs every task, and refuses those called `refused`.
struct Runs;

#[async_trait]
impl DataPlane for Runs {
    async fn create(&self, task: &TaskOrder) -> Result<(), Fault> {
        if task.identifier == "refused" {
            return Err(Fault::internal("no"));
        }
        assert_eq!(
            (task.instance.as_str(), task.source["EndpointIdentifier"].as_str()),
            ("main", Some("source"))
        );
        Ok(())
    }

    async fn start(&self, task: &TaskOrder, _: &str) -> Result<(), Fault> {
        // As it is now, not as it was when the task was created.
        assert_eq!(task.source["PostgreSQLSettings"]["SlotName"], "two");
        Ok(())
    }

    async fn stop(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    async fn delete(&self, _: &str) -> Result<(), Fault> {
        panic!("a task that runs is not deleted")
    }

    async fn progress(&self, _: &str) -> Result<TaskProgress, Fault> {
        Ok(TaskProgress {
            status: "running",
            full_load_percent: 100,
            failure: None,
        })
    }

    async fn statistics(&self, _: &str) -> Result<Vec<Value>, Fault> {
        Ok(vec![json!({ "TableName": "orders" })])
    }
}

#[tokio::test]
async fn the_data_plane_is_asked_for_everything_that_moves_rows() {
    let api = started(Runs).await;
    let arns = furnished(&api).await;
    assert_eq!(
        fault(&api, "CreateReplicationTask", task("refused", &arns)).await,
        "InternalFailure"
    );
    assert!(
        !api.arns().await.iter().any(|arn| arn.contains("REFUSED")),
        "a refused task must not stay"
    );
    let created = call(&api, "CreateReplicationTask", task("forward", &arns))
        .await
        .unwrap();
    let slot = json!({ "EndpointArn": arns[1], "PostgreSQLSettings": { "SlotName": "two" } });
    call(&api, "ModifyEndpoint", slot).await.unwrap();
    let which = json!({
        "ReplicationTaskArn": created["ReplicationTask"]["ReplicationTaskArn"], "StartReplicationTaskType": "start-replication",
    });
    let answer = call(&api, "StartReplicationTask", which.clone()).await.unwrap();
    assert_eq!(answer["ReplicationTask"]["Status"], "starting");
    for operation in ["DeleteReplicationTask", "ModifyReplicationTask"] {
        assert_eq!(
            fault(&api, operation, which.clone()).await,
            "InvalidResourceStateFault"
        );
    }
    let statistics = call(&api, "DescribeTableStatistics", which).await.unwrap();
    assert_eq!(statistics["TableStatistics"][0]["TableName"], "orders");
}
