//! The environment that is applied, and its variables.

use std::path::Path;

use serde_json::{Value, json};

use super::exceptions::{EXCEPTIONS, Exception};
use super::local_aws::LocalAws;

/// A folder to apply.
#[derive(Debug)]
pub struct Environment {
    /// Values of its variables.
    pub variables: Value,
    /// The values that differ with one more of everything.
    pub grown: Value,
    /// What the local AWS forgets of it.
    pub exceptions: &'static [Exception],
    /// Types of resources that name all others, and so change when there is one more.
    pub lists: &'static [(&'static str, &'static str)],
}

/// The folder of the environment, in a folder like `terraform`.
pub const DEV: &str = "environments/dev";
/// The package of the functions, which nobody calls here.
const PACKAGE: &str = "modules/lambdas/tests/package.zip";

/// Why resources of a type change when there is one more of something else.
const LISTS: &[(&str, &str)] = &[
    ("aws_iam_role_policy", "a policy names what it allows"),
    ("aws_cloudwatch_dashboard", "the dashboard shows everything"),
];

/// The environment `dev` with everything that it can have: a cluster, a migration, a lane.
pub fn dev(aws: &LocalAws, folder: &Path) -> Environment {
    let zone = |letter: char| format!("{}{letter}", aws.region());
    let secret = |role: &str| {
        json!({ "host": "127.0.0.1", "port": 5432, "dbname": "shop", "username": role, "password": "unused" })
            .to_string()
    };
    let database =
        |secret: &str| json!({ "secret": secret, "database_name": "shop", "certificate": "authority" });
    let migration = |target: &str, instance: &str| json!({ "source": "source", "target": target, "instance": instance, "tables": ["shop.orders", "shop.order_items"] });
    let cluster = json!({ "database_name": "shop", "serverless": { "min_acu": 0.5, "max_acu": 4 }, "instances": { "a": {} } });
    let lane = |migration: &str| json!({ "migration_id": migration });
    let (authority, instance) = (pem("one"), json!({ "class": "dms.t3.medium" }));
    let variables = json!({
        "region": aws.region(),
        "zones": { zone('a'): 0, zone('b'): 1 },
        "endpoints": { "default": aws.url(), "dms": aws.dms_url() },
        "package": folder.join(PACKAGE),
        "functions": { "architecture": "x86_64", "environment": { "AWS_ENDPOINT_URL": aws.url() } },
        "secret_version": 1,
        "secret_values": {
            "source": secret("crossover"), "target": secret("crossover"),
            "edge": json!({ "key_id": "unused", "key": "unused" }).to_string(),
        },
        "clusters": { "main": cluster },
        "replication": {
            "certificates": { "authority": authority }, "instances": { "main": instance },
            "databases": { "source": database("source"), "target": database("target") },
            "migrations": { "shop": migration("target", "main") },
        },
        "lanes": { "main": lane("shop") },
        "lane_status_command": "true",
        "allow_delete": true,
    });
    // Sorted before what exists: where a list would be numbered, everything behind it would move.
    let grown = json!({
        "clusters": { "apac": cluster, "main": cluster },
        "replication": {
            "certificates": { "another": pem("two"), "authority": authority },
            "instances": { "apac": instance, "main": instance },
            "databases": {
                "apac": { "secret": "target", "database_name": "shop", "certificate": "another" },
                "source": database("source"), "target": database("target"),
            },
            "migrations": { "apac": migration("apac", "apac"), "shop": migration("target", "main") },
        },
        "lanes": { "apac": lane("apac"), "main": lane("shop") },
    });
    Environment {
        variables,
        grown,
        exceptions: EXCEPTIONS,
        lists: LISTS,
    }
}

fn pem(content: &str) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n")
}
