//! Databases and tables: nothing is deleted by mistake, readable by others, or open to a password alone.

use super::{Rule, each};
use crate::block::{is_bool, is_text, lacks_bool, nested, value};

pub const PROTECTION: Rule = Rule {
    name: "deletion-protected",
    about: "clusters and the journal are protected against deletion",
    check: |module, findings| {
        for (kind, key) in [
            ("aws_rds_cluster", "deletion_protection"),
            ("aws_dynamodb_table", "deletion_protection_enabled"),
        ] {
            each(module, kind, findings, |_, block| {
                let text = format!("{key} = true is missing; a wrong plan would delete the data");
                lacks_bool(&block.body, key, true).then_some(text)
            });
        }
    },
};

pub const SNAPSHOT: Rule = Rule {
    name: "final-snapshot",
    about: "a cluster leaves a snapshot when it is deleted, and keeps backups",
    check: |module, findings| {
        each(module, "aws_rds_cluster", findings, |_, block| {
            is_bool(&block.body, "skip_final_snapshot", true)
                .then(|| "skip_final_snapshot = true leaves nothing after a deletion; say false, or a variable whose default is false".to_owned())
        });
        each(module, "aws_rds_cluster", findings, |_, block| {
            value(&block.body, "backup_retention_period")
                .is_none()
                .then(|| "backup_retention_period is missing; the default of one day is not enough to find a mistake".to_owned())
        });
    },
};

pub const ENCRYPTION: Rule = Rule {
    name: "storage-encrypted",
    about: "clusters, replication instances and topics are encrypted at rest",
    check: |module, findings| {
        each(module, "aws_rds_cluster", findings, |_, block| {
            lacks_bool(&block.body, "storage_encrypted", true)
                .then(|| "storage_encrypted = true is missing".to_owned())
        });
        for (kind, key) in [
            ("aws_dms_replication_instance", "kms_key_arn"),
            ("aws_sns_topic", "kms_master_key_id"),
        ] {
            each(module, kind, findings, |_, block| {
                value(&block.body, key)
                    .is_none()
                    .then(|| format!("{key} is missing; name the key that encrypts it"))
            });
        }
    },
};

pub const LOGIN: Rule = Rule {
    name: "database-iam-login",
    about: "clusters accept IAM authentication",
    check: |module, findings| {
        each(module, "aws_rds_cluster", findings, |_, block| {
            lacks_bool(&block.body, "iam_database_authentication_enabled", true)
                .then(|| "iam_database_authentication_enabled = true is missing".to_owned())
        });
    },
};

pub const PUBLIC: Rule = Rule {
    name: "not-public",
    about: "no database and no replication instance has a public address",
    check: |module, findings| {
        for kind in ["aws_rds_cluster_instance", "aws_dms_replication_instance"] {
            each(module, kind, findings, |_, block| {
                // Both services give an address by default in a subnet that is public.
                lacks_bool(&block.body, "publicly_accessible", false)
                    .then(|| "publicly_accessible = false is missing".to_owned())
            });
        }
    },
};

pub const JOURNAL: Rule = Rule {
    name: "journal-restorable",
    about: "tables of DynamoDB can be restored to a point in time",
    check: |module, findings| {
        each(module, "aws_dynamodb_table", findings, |_, block| {
            let restorable = nested(&block.body, "point_in_time_recovery")
                .iter()
                .any(|body| !lacks_bool(body, "enabled", true));
            (!restorable).then(|| "point_in_time_recovery { enabled = true } is missing".to_owned())
        });
    },
};

pub const KEYS: Rule = Rule {
    name: "keys-rotate",
    about: "keys of KMS rotate",
    check: |module, findings| {
        each(module, "aws_kms_key", findings, |_, block| {
            // Asymmetric keys and keys for signatures cannot rotate.
            let symmetric = value(&block.body, "key_usage").is_none()
                || is_text(&block.body, "key_usage", "ENCRYPT_DECRYPT");
            (symmetric && lacks_bool(&block.body, "enable_key_rotation", true))
                .then(|| "enable_key_rotation = true is missing".to_owned())
        });
    },
};
