//! Faults that checkov must find in every run, which proves that it has really looked.

use super::report::Failure;

/// Beside the files that are checked.
pub const FILE: &str = "planted/main.tf";

/// One fault a resource.
pub const TEXT: &str = r#"resource "aws_security_group" "open_to_everybody" {
  description = "A fault"
  ingress {
    description = "SSH"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_rds_cluster" "unencrypted" {
  engine            = "aurora-postgresql"
  storage_encrypted = false
}

resource "aws_sns_topic" "without_a_key" {
  name = "notices"
}

resource "aws_iam_policy" "everything" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}
"#;

/// The check that must find each, and the resource.
const FAULTS: &[(&str, &str)] = &[
    ("CKV_AWS_24", "aws_security_group.open_to_everybody"),
    ("CKV_AWS_96", "aws_rds_cluster.unencrypted"),
    ("CKV_AWS_26", "aws_sns_topic.without_a_key"),
    ("CKV_AWS_62", "aws_iam_policy.everything"),
];

/// The faults that it has missed.
pub fn missed(found: &[Failure]) -> Vec<String> {
    let is_missed = |(check, resource): &&(&str, &str)| {
        !found
            .iter()
            .any(|failure| failure.check == *check && failure.resource == *resource)
    };
    FAULTS
        .iter()
        .filter(is_missed)
        .map(|(check, resource)| format!("{resource} was not found by {check} of checkov"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_any_finding_every_fault_is_missed() {
        assert_eq!(missed(&[]).len(), FAULTS.len());
    }
}
