//! Certificates as a whole.

mod equality;
mod round_trip;
mod staleness;
mod tampering;

use std::collections::BTreeMap;

use crossover_core::{Lsn, Secret, catalogue::TableName, plan::Scope};

use super::*;

fn key() -> SigningKey {
    SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap()
}

fn table(name: &str) -> TableName {
    TableName {
        schema: "shop".to_owned(),
        name: name.to_owned(),
    }
}

fn facts(identifier: u64) -> SideFacts {
    SideFacts {
        database: "shop".to_owned(),
        server_version_num: 160_014,
        system_identifier: Some(identifier.into()),
        position: Some(Lsn(0x16_B374_D848)),
        schema_fingerprint: crossover_core::schema::fingerprint_hash(&[]).parse().unwrap(),
        counted_since: "2026-01-02T03:04:05.678901Z".parse().unwrap(),
    }
}

fn side(identifier: u64, tables: &[ComparedTable]) -> SideConditions {
    let counted = |compared: &ComparedTable| {
        let counters = WriteCounters {
            inserts: 10,
            updates: 20,
            deletes: 30,
            storage: "16384".to_owned(),
        };
        (compared.table.clone(), Some(counters))
    };
    SideConditions {
        facts: facts(identifier),
        tables: tables.iter().map(counted).collect::<BTreeMap<_, _>>(),
    }
}

fn digest(rows: u64) -> ChunkDigest {
    ChunkDigest {
        rows,
        sums: vec![
            WholeNumber::from(-7_i64),
            WholeNumber::from(u128::from(rows) << 64),
        ],
    }
}

/// A table in chunks of ten keys.
fn compared(name: &str, chunks: u32) -> ComparedTable {
    let chunk = |id: u32| ComparedChunk {
        id,
        lower: (id > 0).then(|| format!("({})", id * 10)),
        upper: (id + 1 < chunks).then(|| format!("({})", (id + 1) * 10)),
        digests: Sides {
            source: digest(10 + u64::from(id)),
            target: digest(10 + u64::from(id)),
        },
    };
    ComparedTable {
        table: table(name),
        key: vec!["id".to_owned()],
        chunks: (0..chunks).map(chunk).collect(),
    }
}

fn comparison(tables: Vec<ComparedTable>) -> Comparison {
    Comparison {
        conditions: Conditions {
            at: "2026-08-01T00:00:00Z".parse().unwrap(),
            sides: Sides {
                source: side(1, &tables),
                target: side(2, &tables),
            },
        },
        how: How {
            method: Method::TypedHash,
            seed: 7_165_064_744_911_531_618_i64.into(),
            condition: None,
        },
        scope: Scope {
            schemas: vec!["shop".to_owned()],
            exclude: vec!["shop.carts".to_owned()],
        },
        tables,
    }
}

fn certify(comparison: Comparison, key: &SigningKey) -> Certificate {
    let now = "2026-08-01T00:10:00.5Z".parse().unwrap();
    comparison.equal().unwrap().certify(now, key).unwrap()
}

fn certificate(key: &SigningKey) -> Certificate {
    certify(
        comparison(vec![
            compared("orders", 3),
            compared("items", 2),
            compared("a \"ü\"\n", 1),
        ]),
        key,
    )
}
