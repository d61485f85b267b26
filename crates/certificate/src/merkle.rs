//! The Merkle tree of RFC 6962: one hash that represents many leaves, and a short path to it from each leaf.
//!
//! Leaves are hashed with a prefix of 0 and inner nodes with a prefix of 1, so that no inner node can pass as
//! a leaf. A tree of n leaves is split at the largest power of two below n; no leaf is duplicated to fill the
//! tree, so that no two lists of leaves have the same root.

use crossover_signing::Hash;

/// The hash of one leaf.
pub(super) fn leaf(data: &[u8]) -> Hash {
    Hash::of_parts(&[&[0], data])
}

fn node(left: Hash, right: Hash) -> Hash {
    Hash::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The largest power of two below `count`, which is at least 2.
const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The root over leaves that are already hashed; without leaves, the hash of the empty string.
pub(super) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(&[]),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
            node(root(left), root(right))
        }
    }
}

/// The siblings on the path from the leaf at `index` to the root; `None` for a leaf that does not exist.
pub(super) fn path(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    match leaves {
        [] => None,
        [_] => (index == 0).then(Vec::new),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
            let (mut below, sibling) = match index.checked_sub(left.len()) {
                None => (path(left, index)?, root(right)),
                Some(index) => (path(right, index)?, root(left)),
            };
            below.push(sibling);
            Some(below)
        }
    }
}

/// The root that a path leads to from the leaf at `index` of `count`; `None` if the path does not fit such a
/// tree.
pub(super) fn climb(leaf: Hash, index: u64, count: u64, path: &[Hash]) -> Option<Hash> {
    if index >= count {
        return None;
    }
    if count == 1 {
        return path.is_empty().then_some(leaf);
    }
    let (sibling, below) = path.split_last()?;
    let left = split(count);
    match index.checked_sub(left) {
        None => Some(node(climb(leaf, index, left, below)?, *sibling)),
        Some(index) => Some(node(*sibling, climb(leaf, index, count - left, below)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|n| leaf(&[n])).collect()
    }

    /// From the reference implementation of RFC 6962 (certificate-transparency, `merkle_tree_test`).
    #[test]
    fn roots_are_those_of_the_reference_implementation() {
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let leaves: Vec<Hash> = inputs
            .iter()
            .map(|data| leaf(&hex::decode(data).unwrap()))
            .collect();
        let known = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (count, known) in known.iter().enumerate() {
            assert_eq!(root(&leaves[..count]).to_string(), *known, "{count} leaves");
        }
    }

    #[test]
    fn every_leaf_of_every_tree_up_to_40_has_its_path_and_no_other_place() {
        for count in 1..=40 {
            let leaves = leaves(count);
            let root = root(&leaves);
            for index in 0..leaves.len() {
                let path = path(&leaves, index).unwrap();
                for place in 0..leaves.len() as u64 + 2 {
                    let reached = climb(leaves[index], place, u64::from(count), &path);
                    assert_eq!(
                        reached == Some(root),
                        place == index as u64,
                        "{index} of {count} as {place}"
                    );
                }
            }
            assert_eq!(path(&leaves, leaves.len()), None);
        }
    }

    #[test]
    fn a_path_that_is_shorter_longer_or_altered_leads_to_another_root() {
        for count in 2..=40 {
            let leaves = leaves(count);
            let root = Some(root(&leaves));
            for (index, leaf) in leaves.iter().enumerate() {
                let way = path(&leaves, index).unwrap();
                let climb = |path: &[Hash]| climb(*leaf, index as u64, u64::from(count), path);
                assert_ne!(climb(&way[1..]), root);
                assert_ne!(climb(&way[..way.len() - 1]), root);
                assert_ne!(climb(&[&way[..], &[*leaf]].concat()), root);
                assert_ne!(climb(&[&[*leaf], &way[..]].concat()), root);
                for step in 0..way.len() {
                    let mut altered = way.clone();
                    altered[step] = Hash::of(altered[step].as_bytes());
                    assert_ne!(climb(&altered), root);
                }
            }
        }
    }

    #[test]
    fn an_inner_node_cannot_pass_as_a_leaf() {
        let [a, b] = [leaf(b"a"), leaf(b"b")];
        assert_ne!(leaf(&[*a.as_bytes(), *b.as_bytes()].concat()), root(&[a, b]));
    }

    #[test]
    fn a_hash_has_one_form() {
        let hash = leaf(b"a");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!(hash.to_string().to_uppercase().parse::<Hash>().is_err());
        assert!(hash.to_string()[1..].parse::<Hash>().is_err());
    }
}
