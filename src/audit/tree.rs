//! The Merkle tree over the ledger, as RFC 9162 §2.1 has it (RFC 6962 §2.1 is the same tree), with SHA-256.
//!
//! A leaf is the bytes of a record as they are stored; the record with sequence number `n` is leaf `n - 1`. Nodes are
//! numbered in order, as RFC 9420 appendix C does and `ct-merkle` with it: leaf `i` is node `2 i`, and a parent lies
//! between its children. Only nodes that are full are kept, for they never change; what stands above the last records
//! is computed from them. Which nodes a proof takes and whether it holds is left to `ct-merkle`.

use ct_merkle::{
    ConsistencyProof, InclusionProof, RootHash, indices_for_consistency_proof, indices_for_inclusion_proof,
};
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use crate::limits::LEDGER_RECORDS_MAX;

/// A hash of the tree.
pub type Hash = [u8; 32];

/// What stands in the place of a full node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Node {
    /// Its hash.
    Stored(Hash),
    /// Nothing, where its hash should be.
    Missing,
    /// Nothing, because it is computed from the leaves whenever it is needed.
    Computed,
}

/// The hash of a record as a leaf: RFC 9162 §2.1.1, `SHA-256(0x00 || record)`.
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Hash {
    Sha256::new_with_prefix([0x00]).chain_update(record).finalize().into()
}

/// The hash of a node above two others: RFC 9162 §2.1.1, `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut both = [0x01; 65];
    both[1..33].copy_from_slice(left);
    both[33..].copy_from_slice(right);
    Sha256::digest(both).into()
}

/// A hash as it is written: base64, as C2SP writes it in checkpoints.
#[must_use]
pub fn hash_text(hash: &Hash) -> String {
    BASE64.encode(hash)
}

/// A hash from its text.
#[must_use]
pub fn parse_hash(text: &str) -> Option<Hash> {
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// The node of the leaf at an index.
#[must_use]
pub fn leaf_node(index: u64) -> u64 {
    2 * index
}

/// The nodes beneath a node, left and right; none beneath a leaf.
#[must_use]
pub fn children(node: u64) -> Option<(u64, u64)> {
    let half = (1_u64 << node.trailing_ones()) / 2;
    (half > 0).then(|| (node - half, node + half))
}

/// The first and the last leaf beneath a full node, as indices.
#[must_use]
pub fn leaves(node: u64) -> (u64, u64) {
    let half = 1_u64 << node.trailing_ones();
    ((node + 1 - half) / 2, (node + half - 1) / 2)
}

/// How many leaves a tree has whose last full node is this one: a leaf, unless somebody took the leaf away.
#[must_use]
pub fn leaves_up_to(last_node: Option<u64>) -> u64 {
    last_node.map_or(0, |node| leaves(node).1 + 1)
}

/// The full subtrees of a tree, largest first: all that is needed to append and to compute its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peaks {
    size: u64,
    hashes: Vec<Hash>,
}

impl Peaks {
    /// The peaks of a tree with `size` leaves, from its nodes.
    ///
    /// # Errors
    /// As `node` does.
    pub fn read<E>(size: u64, mut node: impl FnMut(u64) -> Result<Hash, E>) -> Result<Self, E> {
        let mut hashes = Vec::new();
        let mut first = 0;
        for level in (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1) {
            let span = 1_u64 << level;
            hashes.push(node(2 * first + span - 1)?);
            first += span;
        }
        Ok(Self { size, hashes })
    }

    /// Peaks that were written down; nothing when a tree of that size has another number of them.
    #[must_use]
    pub fn of(size: u64, hashes: Vec<Hash>) -> Option<Self> {
        (size <= LEDGER_RECORDS_MAX && hashes.len() as u32 == size.count_ones()).then_some(Self { size, hashes })
    }

    /// The peaks of a tree of which nothing but the size is known; nothing for a size that no tree has.
    pub(super) fn unknown(size: u64) -> Option<Self> {
        Self::of(size, vec![Hash::default(); size.count_ones() as usize])
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree over the first `size` leaves, where these peaks say it: where `size` ends with one of them.
    #[must_use]
    pub fn first(&self, size: u64) -> Option<Self> {
        let hashes = self.hashes.get(..size.count_ones() as usize)?;
        // A peak is a bit of the size; the ones to the right are left out.
        let left = (hashes.len()..self.hashes.len()).fold(self.size, |left, _| left & left.saturating_sub(1));
        (left == size).then(|| Self { size, hashes: hashes.to_vec() })
    }

    /// The hashes, largest subtree first.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Adds a leaf, and passes on every node that it completes, the leaf first.
    ///
    /// # Errors
    /// As `full` does.
    pub fn push<E>(&mut self, leaf: Hash, mut full: impl FnMut(u64, &Hash) -> Result<(), E>) -> Result<(), E> {
        let index = self.size;
        let (mut hash, mut span) = (leaf, 1_u64);
        full(leaf_node(index), &hash)?;
        while index & span != 0 {
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            span *= 2;
            full(2 * (index + 1 - span) + span - 1, &hash)?;
        }
        self.hashes.push(hash);
        self.size += 1;
        Ok(())
    }

    /// The root: RFC 9162 §2.1.1, `MTH`.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_the_right = self.hashes.iter().rev();
        match from_the_right.next() {
            None => Sha256::digest([]).into(),
            Some(last) => from_the_right.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// A node of a tree with `size` leaves: kept when it is full, else computed from the full ones beneath it.
fn node_of<E>(size: u64, node: u64, read: &mut impl FnMut(u64) -> Result<Hash, E>) -> Result<Hash, E> {
    let (first, last) = leaves(node);
    if last < size {
        return read(node);
    }
    // What is beneath a node that is not full is a tree of the leaves from its first one on, and has peaks of its own.
    let peaks = Peaks::read(size - first, |within| read(2 * first + within))?;
    Ok(peaks.root())
}

/// Why a proof cannot be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProofError {
    /// A number that no tree has.
    #[error("`{0}` is not a number of a record; records are numbered from 1")]
    Zero(&'static str),
    /// The record is not in the tree of that size.
    #[error("record {seq} is not among the first {size}; ask for a size of at least {seq}")]
    NotIn {
        /// The record.
        seq: u64,
        /// The size.
        size: u64,
    },
    /// The tree is not that large yet.
    #[error("the ledger has {size} records and not {asked} yet; ask for a size up to {size}")]
    Beyond {
        /// The size asked for.
        asked: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The sizes stand the wrong way round.
    #[error("`from` is {from} and `to` is {to}; a tree grows, so ask from the smaller to the larger")]
    Backwards {
        /// The smaller size, as asked.
        from: u64,
        /// The larger size, as asked.
        to: u64,
    },
}

/// The inclusion proof of a record in the tree of the first `size`: RFC 9162 §2.1.3.
///
/// # Errors
/// As `read` does.
pub fn inclusion<E>(
    seq: u64,
    size: u64,
    mut read: impl FnMut(u64) -> Result<Hash, E>,
) -> Result<Result<Vec<Hash>, ProofError>, E> {
    if seq == 0 {
        return Ok(Err(ProofError::Zero("seq")));
    }
    if seq > size {
        return Ok(Err(ProofError::NotIn { seq, size }));
    }
    let nodes = indices_for_inclusion_proof(size, seq - 1);
    nodes.into_iter().map(|node| node_of(size, node, &mut read)).collect::<Result<_, _>>().map(Ok)
}

/// The proof that the tree of the first `from` records is the beginning of that of the first `to`: RFC 9162 §2.1.4.
///
/// # Errors
/// As `read` does.
pub fn consistency<E>(
    from: u64,
    to: u64,
    mut read: impl FnMut(u64) -> Result<Hash, E>,
) -> Result<Result<Vec<Hash>, ProofError>, E> {
    if from == 0 {
        return Ok(Err(ProofError::Zero("from")));
    }
    if from > to {
        return Ok(Err(ProofError::Backwards { from, to }));
    }
    let nodes = indices_for_consistency_proof(from, to - from);
    nodes.into_iter().map(|node| node_of(to, node, &mut read)).collect::<Result<_, _>>().map(Ok)
}

/// Does the proof show that a record is in a tree? RFC 9162 §2.1.3.2.
#[must_use]
pub fn verify_inclusion(record: &[u8], seq: u64, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    let Some(index) = seq.checked_sub(1).filter(|_| size <= LEDGER_RECORDS_MAX) else { return false };
    let Ok(proof) = InclusionProof::<Sha256>::try_from_bytes(proof.concat()) else { return false };
    RootHash::new((*root).into(), size).verify_inclusion(&record, index, &proof).is_ok()
}

/// Does the proof show that one tree is the beginning of another? RFC 9162 §2.1.4.2.
#[must_use]
pub fn verify_consistency(from: u64, from_root: &Hash, to: u64, to_root: &Hash, proof: &[Hash]) -> bool {
    let Ok(proof) = ConsistencyProof::<Sha256>::try_from_bytes(proof.concat()) else { return false };
    let (from, to) = (RootHash::new((*from_root).into(), from), RootHash::new((*to_root).into(), to));
    to.verify_consistency(&from, &proof).is_ok()
}

/// The nodes above the last leaf of a tree that are not full: nothing may stand in their places yet.
#[must_use]
pub fn nodes_to_come(size: u64) -> Vec<u64> {
    let Some(last) = size.checked_sub(1) else { return Vec::new() };
    let above = (1..u64::BITS - 1).map(|level| {
        let span = 1_u64 << level;
        2 * (last / span * span) + span - 1
    });
    above.take_while(|node| *node <= leaf_node(last)).filter(|node| leaves(*node).1 >= size).collect()
}
