//! The terms by which a record is found again.

use std::cell::RefCell;

use sha2::{Digest as _, Sha256};

/// The longest value that stands in a term as it is; of a longer one, its SHA-256 does.
const VALUE_LENGTH_MAX: usize = 96;
/// What stands before the SHA-256 of a value; no value that stands as it is begins with it.
const HASHED: u8 = 1;
/// How much of its SHA-256 stands for who did what to which resource.
const USE_BYTES: usize = 16;

/// What of a record it can be found by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Field {
    /// The subject, `Type::id`; of a search for subjects, `Type::`.
    Subject = b's',
    /// The action; that of a call of this service begins with `Api::`.
    Action = b'a',
    /// The resource, `Type::id`.
    Resource = b'r',
    /// The answer: `true` or `false`.
    Decision = b'd',
    /// Who asked, for example `partner:contoso` or `operator:local`.
    Caller = b'c',
    /// Why it was a no.
    Reason = b'n',
    /// The digest of the rules.
    Rules = b'b',
    /// A rule that decided.
    Rule = b'u',
    /// `evaluation`, `search` or `call`.
    Kind = b'k',
    /// The caller's own name for the call.
    RequestId = b'i',
    /// Subject, action and resource of an evaluation that was a yes.
    Use = b'y',
}

/// A field with a value: what a record is found by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Term(Vec<u8>);

impl Term {
    /// The records whose `field` is `value`.
    #[must_use]
    pub fn of(field: Field, value: &str) -> Self {
        Self::joined(field, &[value])
    }

    /// The evaluations that allowed a subject an action on a resource.
    #[must_use]
    pub fn of_use(subject: &str, action: &str, resource: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [subject, action, resource] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut term = vec![Field::Use as u8, HASHED];
        term.extend(hash.finalize().iter().take(USE_BYTES));
        Self(term)
    }

    pub(super) fn joined(field: Field, parts: &[&str]) -> Self {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut term = Vec::with_capacity(1 + length.min(VALUE_LENGTH_MAX));
        term.push(field as u8);
        if length <= VALUE_LENGTH_MAX && parts.iter().all(|part| part.bytes().all(|byte| byte >= b' ')) {
            parts.iter().for_each(|part| term.extend_from_slice(part.as_bytes()));
            return Self(term);
        }
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| hash.update(part));
        term.push(HASHED);
        term.extend_from_slice(&hash.finalize());
        Self(term)
    }

    /// Is it of a field that has the same few values in most records?
    fn is_shared(&self) -> bool {
        let own = [Field::Subject, Field::Resource, Field::RequestId, Field::Use];
        !self.0.first().is_some_and(|field| own.iter().any(|own| *own as u8 == *field))
    }

    /// The term as the index holds it: no zero byte but in a hash, and no term is the beginning of another that is
    /// followed by one.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// How many terms that many records share are kept with their fingerprints.
const SHARED_MAX: usize = 32;

thread_local! {
    /// The terms that many records share, with their fingerprints, so that these are not made anew for each record.
    static SHARED: RefCell<Vec<(Term, Fingerprint)>> = const { RefCell::new(Vec::new()) };
}

/// Forty bits of the SHA-256 of a term, by which the index knows it. Two terms may share them, so whoever is led to a
/// record holds it against what is looked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fingerprint {
    /// The first byte.
    pub row: u8,
    /// The four that follow, the highest first.
    pub rest: u32,
}

impl Fingerprint {
    /// The fingerprint of a term.
    #[must_use]
    pub fn of(term: &Term) -> Self {
        if !term.is_shared() {
            return Self::made(term);
        }
        SHARED.with_borrow_mut(|shared| {
            if let Some((_, fingerprint)) = shared.iter().find(|(held, _)| held == term) {
                return *fingerprint;
            }
            if shared.len() >= SHARED_MAX {
                shared.clear();
            }
            let fingerprint = Self::made(term);
            shared.push((term.clone(), fingerprint));
            fingerprint
        })
    }

    fn made(term: &Term) -> Self {
        let hash: [u8; 32] = Sha256::digest(term.as_bytes()).into();
        let [row, first, second, third, fourth, ..] = hash;
        Self { row, rest: u32::from_be_bytes([first, second, third, fourth]) }
    }
}
