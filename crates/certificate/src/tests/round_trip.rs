//! A certificate reads back as written, whatever the names and numbers; and every chunk can be proven alone.

use proptest::{collection::vec, option, prelude::*};

use super::*;

fn chunks() -> impl Strategy<Value = Vec<ComparedChunk>> {
    let digest = (any::<u32>(), vec(any::<i64>(), 1..3)).prop_map(|(rows, sums)| ChunkDigest {
        rows: rows.into(),
        sums: sums.into_iter().map(WholeNumber::from).collect(),
    });
    vec((digest, ".*"), 1..6).prop_map(|parts| {
        let bounds: Vec<_> = parts.iter().skip(1).map(|(_, bound)| bound.clone()).collect();
        let chunk = |(index, (digest, _)): (usize, (ChunkDigest, String))| ComparedChunk {
            id: index as u32 * 3 + 1,
            lower: index.checked_sub(1).map(|before| bounds[before].clone()),
            upper: bounds.get(index).cloned(),
            digests: Sides {
                source: digest.clone(),
                target: digest,
            },
        };
        parts.into_iter().enumerate().map(chunk).collect()
    })
}

fn comparisons() -> impl Strategy<Value = Comparison> {
    let tables = proptest::collection::btree_map((".*", ".*"), (vec(".*", 0..3), chunks()), 1..4);
    let facts = (
        ".*",
        any::<u32>(),
        option::of(any::<u64>()),
        option::of(any::<u64>()),
    );
    (tables, facts, option::of(".*"), any::<i64>()).prop_map(|(tables, facts, condition, seed)| {
        let compared = tables
            .into_iter()
            .map(|((schema, name), (key, chunks))| ComparedTable {
                table: TableName { schema, name },
                key,
                chunks,
            });
        let mut comparison = comparison(compared.collect());
        comparison.how.condition = condition;
        comparison.how.seed = seed.into();
        let source = &mut comparison.conditions.sides.source.facts;
        source.database = facts.0;
        source.server_version_num = facts.1;
        source.system_identifier = facts.2.map(WholeNumber::from);
        source.position = facts.3.map(|position: u64| Position::new(position.to_string()));
        comparison
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_certificate_is_read_as_it_was_written(comparison in comparisons()) {
        let key = key();
        let conditions = comparison.conditions.clone();
        let certificate = certify(comparison, &key);
        let bytes = certificate.to_bytes().unwrap();
        let checked = Certificate::check(&bytes, Some(&key.public_key())).unwrap();
        prop_assert_eq!(&checked.certificate, &certificate);
        prop_assert_eq!(checked.trust, Trust::Pinned);
        prop_assert_eq!(checked.certificate.to_bytes().unwrap(), bytes);
        prop_assert_eq!(certificate.conditions(), conditions);
    }

    #[test]
    fn every_chunk_of_every_table_is_proven_alone(comparison in comparisons()) {
        let certificate = certify(comparison, &key());
        let root = certificate.statement().root;
        for table in &certificate.statement().tables {
            for chunk in &table.chunks {
                let proof = certificate.prove(&table.table, chunk.id).unwrap();
                prop_assert_eq!(proof.verify(&root), Ok(()));
                prop_assert_eq!(&proof.chunk, chunk);
                let text = serde_json::to_string(&proof).unwrap();
                prop_assert_eq!(serde_json::from_str::<InclusionProof>(&text).unwrap(), proof);
            }
        }
    }
}

#[test]
fn a_chunk_of_every_count_from_1_to_40_is_proven_to_its_own_root_only() {
    let key = key();
    for count in 1..=40 {
        let certificate = certify(
            comparison(vec![compared("orders", count), compared("items", 2)]),
            &key,
        );
        let other = certify(comparison(vec![compared("orders", count)]), &key)
            .statement()
            .root;
        for id in 0..count {
            let proof = certificate.prove(&table("orders"), id).unwrap();
            assert_eq!(
                proof.verify(&certificate.statement().root),
                Ok(()),
                "chunk {id} of {count}"
            );
            assert!(proof.verify(&other).is_err());
        }
    }
}

/// Changes to a proof, each of a value that a new comparison of the chunk relies on.
const FALSIFICATIONS: &[fn(&mut InclusionProof)] = &[
    |p| p.format += 1,
    |p| p.chunk.id = 0,
    |p| p.chunk.lower = None,
    |p| p.chunk.upper = None,
    |p| p.chunk.rows += 1,
    |p| p.chunk.sums[0] = 7_i64.into(),
    |p| p.chunk.sums.swap(0, 1),
    |p| p.chunk_index = 0,
    |p| p.chunk_path.swap(0, 1),
    |p| p.table.table.name = "items".to_owned(),
    |p| p.table.table.schema = "public".to_owned(),
    |p| p.table.key.push("region".to_owned()),
    |p| p.table.how.method = Method::Md5,
    |p| p.table.how.seed = 0_i64.into(),
    |p| p.table.how.condition = Some(String::new()),
    |p| p.table.rows += 1,
    |p| p.table.chunks += 1,
    |p| p.table_index = 0,
    |p| p.tables += 1,
    |p| p.table_path.clear(),
];

#[test]
fn a_falsified_proof_proves_nothing() {
    let certificate = certify(
        comparison(vec![compared("items", 2), compared("orders", 3)]),
        &key(),
    );
    let root = certificate.statement().root;
    let proof = certificate.prove(&table("orders"), 1).unwrap();
    assert_eq!(proof.verify(&root), Ok(()));
    for (index, falsify) in FALSIFICATIONS.iter().enumerate() {
        let mut falsified = proof.clone();
        falsify(&mut falsified);
        assert_ne!(falsified, proof, "falsification {index} does nothing");
        assert!(
            falsified.verify(&root).is_err(),
            "falsification {index} was not noticed"
        );
    }
}

#[test]
fn a_chunk_that_does_not_exist_is_answered_with_those_that_do() {
    let certificate = certificate(&key());
    let error = certificate.prove(&table("carts"), 0).unwrap_err().to_string();
    assert!(
        error.contains("no table shop.carts") && error.contains("shop.items, shop.orders"),
        "{error}"
    );
    let error = certificate.prove(&table("orders"), 3).unwrap_err().to_string();
    assert!(
        error.contains("no chunk 3") && error.contains("0 to 2"),
        "{error}"
    );
}

#[test]
fn a_key_from_a_secret_store_signs_like_one_from_a_file() {
    let text = SigningKey::generate().unwrap();
    let (stored, again) = (
        SigningKey::from_pem(&text).unwrap(),
        SigningKey::from_pem(&text).unwrap(),
    );
    assert_eq!(certificate(&stored), certificate(&again));
    let windows = Secret::new(text.expose().replace('\n', "\r\n"));
    assert_eq!(
        SigningKey::from_pem(&windows).unwrap().public_key(),
        stored.public_key()
    );
}

/// Certificates outlive versions: the first version issued this one (with the published key of RFC 8032, 7.1,
/// test 2), and every later version has to read it.
#[test]
fn the_first_certificate_is_still_read() {
    let bytes = include_bytes!("first_certificate.json");
    let issuer = PublicKey::from_text("PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=").unwrap();
    let checked = Certificate::check(bytes, Some(&issuer)).unwrap();
    assert_eq!(checked.trust, Trust::Pinned);
    assert_eq!(
        checked.certificate.statement().root.to_string(),
        "45155fe4ffc9969f9b9423a709f1565ab30775db6bec68d6f5446433c7dbc8ce"
    );
}
