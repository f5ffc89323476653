//! A call as it comes in: who makes it and how that was established, what it belongs to, what it is about, and what has
//! to be so for it to be done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::SignedDuration;

use crate::audit::Record;
use crate::caller::{Caller, Identity, Person, Proof};
use crate::clock::Timestamp;
use crate::decide::installation;
use crate::id::{CustomerId, PartnerId, Revision, SessionId, SubscriptionId};
use crate::question::{Entity, Kind, Members};

/// A call and who makes it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Whom it speaks for.
    pub caller: Caller,
    /// Who makes it, where that is known.
    pub person: Option<Person>,
    /// How both were established.
    pub proof: Proof,
    /// Until when what proves both does, where that says so itself.
    pub until: Option<Timestamp>,
    /// The session of the pages that it is made in.
    pub session: Option<InSession>,
    /// The trace it belongs to, as W3C `traceparent` names it: 32 hexadecimal digits.
    pub trace: Option<String>,
    /// The caller's own name for the call.
    pub request_id: Option<String>,
    /// What makes a retry of it safe.
    pub idempotency: Option<Idempotency>,
    /// The preconditions of a change on its noun.
    pub conditions: Vec<Condition>,
    /// What the call states beyond the facts, recorded in the context of its question.
    pub said: Members,
    /// What it takes of its caller's quotas.
    pub spent: Arc<Spent>,
}

/// The session that a call is made in: a change whose turn comes after its end is not made.
#[derive(Clone, Debug)]
pub struct InSession {
    /// Its name.
    pub id: SessionId,
    /// Until when it lasts at most.
    pub until: Timestamp,
    /// How long it lasts unseen.
    pub idle: SignedDuration,
    /// Was it seen meanwhile that it is over, for whatever reason?
    pub is_over: Arc<AtomicBool>,
}

/// What a call takes: decisions, and bytes of records.
#[derive(Debug, Default)]
pub struct Spent {
    decisions: AtomicU64,
    bytes: AtomicU64,
}

impl Spent {
    /// Counts decisions, and the bytes of their records.
    pub fn add(&self, decisions: u64, bytes: u64) {
        self.decisions.fetch_add(decisions, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The decisions and the bytes.
    #[must_use]
    pub fn all(&self) -> (u64, u64) {
        (self.decisions.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

impl Call {
    /// A plain call that this service makes itself, speaking for `caller`.
    #[must_use]
    pub fn of(caller: Caller) -> Self {
        Self::by(Identity { caller, ..Identity::service() })
    }

    /// A plain call of somebody who came in from outside.
    #[must_use]
    pub fn by(Identity { caller, person, proof, until }: Identity) -> Self {
        Self {
            caller,
            person,
            proof,
            until,
            session: None,
            trace: None,
            request_id: None,
            idempotency: None,
            conditions: Vec::new(),
            said: Members::new(),
            spent: Arc::default(),
        }
    }

    /// Has a record say who made the call and what it belongs to.
    pub(crate) fn stamp(&self, record: &mut Record) {
        record.person.clone_from(&self.person);
        record.proof = Some(self.proof.clone());
        record.request_id.clone_from(&self.request_id);
        record.trace.clone_from(&self.trace);
    }
}

/// A key under which an answer is remembered, and the request it is for.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The caller's key.
    pub key: String,
    /// The SHA-256 of the request.
    pub request: [u8; 32],
}

/// What a call is about, for the rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallTarget {
    /// Nothing in particular.
    Installation,
    /// One partner.
    Partner(PartnerId),
    /// One customer.
    Customer(CustomerId),
    /// One subscription.
    Subscription(SubscriptionId),
}

impl CallTarget {
    pub(super) fn entity(&self) -> Entity {
        match self {
            Self::Installation => installation(),
            Self::Partner(id) => Entity::new(Kind::Partner.as_str(), id.as_str()),
            Self::Customer(id) => Entity::new(Kind::Customer.as_str(), id.as_str()),
            Self::Subscription(id) => Entity::new(Kind::Subscription.as_str(), id.as_str()),
        }
    }
}

/// A precondition of a change on its noun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// It is at one of these revisions.
    At(Vec<Revision>),
    /// It is there.
    Registered,
    /// It is not there yet.
    New,
}
