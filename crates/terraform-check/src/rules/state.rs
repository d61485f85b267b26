//! Terraform's state: what must not be in it, and where it is kept.

use super::Rule;
use crate::block::{is_bool, label, name, value};

/// Arguments that put a secret into the state, and what to use instead.
const SECRET: &[(&str, &str)] = &[
    ("auth_token", "auth_token_wo, or authentication without a token"),
    (
        "master_password",
        "master_password_wo with master_password_wo_version",
    ),
    ("master_user_password", "a password that Secrets Manager manages"),
    (
        "password",
        "password_wo, or a secret of Secrets Manager by its ARN",
    ),
    ("private_key", "a secret of Secrets Manager by its ARN"),
    ("secret_binary", "secret_string_wo with secret_string_wo_version"),
    ("secret_string", "secret_string_wo with secret_string_wo_version"),
];
/// Resources and data sources whose result is a secret in the state.
const SECRET_TYPES: &[(&str, &str, &str)] = &[
    (
        "resource",
        "random_password",
        "the ephemeral resource random_password",
    ),
    (
        "resource",
        "tls_private_key",
        "the ephemeral resource tls_private_key",
    ),
    ("resource", "aws_iam_access_key", "a role"),
    (
        "data",
        "aws_secretsmanager_secret_version",
        "the ephemeral resource of this name",
    ),
    (
        "data",
        "aws_secretsmanager_random_password",
        "the ephemeral resource of this name",
    ),
];
/// Write-only arguments, which need a version: without it a new value is never sent.
const WRITE_ONLY: &str = "_wo";

pub const SECRETS: Rule = Rule {
    name: "no-secret-in-state",
    about: "no resource puts a secret into the state; write-only arguments have a version",
    check: |module, findings| {
        for (kind, of_type, instead) in SECRET_TYPES {
            for (file, block) in module.of_type(kind, of_type) {
                let text = format!("{} is a secret in the state; use {instead}", name(block));
                findings.add(file.place(block), text);
            }
        }
        for (file, block) in module.blocks("resource") {
            let mut bodies = vec![&block.body];
            while let Some(body) = bodies.pop() {
                bodies.extend(body.blocks().map(|block| &block.body));
                for attribute in body.attributes() {
                    let key = attribute.key.as_str();
                    if let Some((_, instead)) = SECRET.iter().find(|(secret, _)| *secret == key) {
                        let text = format!("{}: {key} is a secret in the state; use {instead}", name(block));
                        findings.add(file.place(attribute), text);
                    }
                    if key.ends_with(WRITE_ONLY) && value(body, &format!("{key}_version")).is_none() {
                        let text = format!(
                            "{}: {key} needs {key}_version; without it a new value is never sent",
                            name(block)
                        );
                        findings.add(file.place(attribute), text);
                    }
                }
            }
        }
    },
};

/// Endings of names of variables that hold a secret.
const SECRET_NAMES: &[&str] = &[
    "password",
    "secret",
    "api_token",
    "secret_string",
    "private_key",
    "signing_key",
];

pub const SECRET_VARIABLES: Rule = Rule {
    name: "secret-variable-ephemeral",
    about: "variables and outputs with a secret are ephemeral, so that neither plan nor state contains them",
    check: |module, findings| {
        for kind in ["variable", "output"] {
            for (file, block) in module.blocks(kind) {
                let named = label(block, 0);
                let secret = SECRET_NAMES
                    .iter()
                    .any(|word| named == *word || named.ends_with(&format!("_{word}")));
                // A switch is no secret, whatever its name.
                let switch = value(&block.body, "type")
                    .and_then(|of| of.as_variable())
                    .is_some_and(|of| of.as_str() == "bool");
                if secret && !switch && !is_bool(&block.body, "ephemeral", true) {
                    let text = format!(
                        "{kind} {named} is a secret by its name, but not ephemeral; say ephemeral = true, or pass the secret's ARN"
                    );
                    findings.add(file.place(block), text);
                }
            }
        }
    },
};

pub const BACKEND: Rule = Rule {
    name: "state-locked",
    about: "state in S3 is locked by use_lockfile and encrypted; dynamodb_table is deprecated",
    check: |module, findings| {
        for (file, block) in module.blocks("terraform") {
            for backend in block
                .body
                .get_blocks("backend")
                .filter(|backend| label(backend, 0) == "s3")
            {
                for needed in ["use_lockfile", "encrypt"] {
                    if !is_bool(&backend.body, needed, true) {
                        let text = format!(
                            "the state in S3 lacks {needed} = true; two runs at once would damage it, or anybody read it"
                        );
                        findings.add(file.place(backend), text);
                    }
                }
                if let Some(table) = backend.body.get_attribute("dynamodb_table") {
                    findings.add(
                        file.place(table),
                        "dynamodb_table is deprecated; use_lockfile locks the state",
                    );
                }
            }
        }
    },
};
