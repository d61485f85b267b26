//! Security groups.

use hcl_edit::structure::Body;

use super::Rule;
use crate::block::{name, texts, value};

/// Everybody, in the two versions of the protocol.
const EVERYBODY: &[&str] = &["0.0.0.0/0", "::/0"];

pub const OPEN: Rule = Rule {
    name: "no-open-ingress",
    about: "no security group lets everybody in",
    check: |module, findings| {
        let rules = module.resources("aws_vpc_security_group_ingress_rule");
        let old = module
            .resources("aws_security_group_rule")
            .filter(|(_, block)| crate::block::is_text(&block.body, "type", "ingress"));
        for (file, block) in rules.chain(old) {
            if is_open(&block.body) {
                findings.add(
                    file.place(block),
                    format!(
                        "{} lets everybody in; refer to the security group of the clients",
                        name(block)
                    ),
                );
            }
        }
    },
};

fn is_open(body: &Body) -> bool {
    ["cidr_ipv4", "cidr_ipv6", "cidr_blocks", "ipv6_cidr_blocks"]
        .iter()
        .filter_map(|key| value(body, key))
        .any(|value| {
            texts(value)
                .iter()
                .any(|text| EVERYBODY.contains(&text.text.as_str()))
        })
}

pub const INLINE: Rule = Rule {
    name: "no-inline-rules",
    about: "rules of security groups are resources of their own, so that one more changes none of the others",
    check: |module, findings| {
        for kind in ["aws_security_group", "aws_default_security_group"] {
            for (file, block) in module.resources(kind) {
                for rule in ["ingress", "egress"] {
                    if let Some(inline) = block.body.get_blocks(rule).next() {
                        let text = format!(
                            "{} has {rule} rules inside; write aws_vpc_security_group_{rule}_rule",
                            name(block)
                        );
                        findings.add(file.place(inline), text);
                    }
                }
            }
        }
    },
};
