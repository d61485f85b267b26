//! Connections of DMS and of MSK.

use super::{Rule, each};
use crate::block::{is_text, lacks_bool, nested, value};

/// Endpoints that are no database connection, so that they have no `ssl_mode`.
const NO_TLS_MODE: &[&str] = &["s3", "kafka", "kinesis", "dynamodb"];

pub const TLS: Rule = Rule {
    name: "dms-verify-full",
    about: "endpoints of DMS check the server's certificate and its name",
    check: |module, findings| {
        each(module, "aws_dms_endpoint", findings, |_, block| {
            let without = NO_TLS_MODE
                .iter()
                .any(|engine| is_text(&block.body, "engine_name", engine));
            (!without && !is_text(&block.body, "ssl_mode", "verify-full")).then(|| {
                "ssl_mode must be \"verify-full\"; with less, another server could answer".to_owned()
            })
        });
    },
};

pub const STREAMS: Rule = Rule {
    name: "msk-encrypted",
    about: "brokers speak TLS only, to clients and to each other, and accept nobody without authentication",
    check: |module, findings| {
        each(module, "aws_msk_cluster", findings, |_, block| {
            for encryption in nested(&block.body, "encryption_info") {
                for transit in nested(encryption, "encryption_in_transit") {
                    if value(transit, "client_broker")
                        .is_some_and(|mode| mode.as_str().is_some_and(|mode| mode != "TLS"))
                    {
                        return Some("client_broker must be \"TLS\"".to_owned());
                    }
                    if value(transit, "in_cluster").is_some() && lacks_bool(transit, "in_cluster", true) {
                        return Some("in_cluster must be true".to_owned());
                    }
                }
            }
            let authentication = nested(&block.body, "client_authentication");
            if authentication.is_empty() {
                return Some(
                    "client_authentication is missing; anybody in the network could write".to_owned(),
                );
            }
            let open = authentication
                .iter()
                .any(|body| !lacks_bool(body, "unauthenticated", true));
            open.then(|| "unauthenticated = true lets anybody in the network write".to_owned())
        });
    },
};
