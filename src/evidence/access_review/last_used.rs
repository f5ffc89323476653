//! When something was last used, as far as the ledger can be read.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::Term;
use crate::clock::Timestamp;
use crate::evidence::ledger::Records;
use crate::id::Seq;
use crate::pdp::absent::Absent;
use crate::question::{Entity, Question};
use crate::store::{Looked, Order, StoreError, has_terms};

/// The last time something was allowed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct LastUsed {
    /// When; absent when its record cannot be read.
    #[schema(value_type = String, format = DateTime, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The place of its record in the ledger.
    #[schema(value_type = u64)]
    pub seq: Seq,
    /// Why its record cannot be read.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The record, where it cannot be read.
    #[serde(skip)]
    pub(crate) absent: Option<Absent>,
}

impl LastUsed {
    /// The newest record of an evaluation of a question that was a yes, where `until` is given as of that moment.
    pub(super) fn of(
        ledger: &Records,
        question: &Question,
        until: Option<Timestamp>,
    ) -> Result<Option<Self>, StoreError> {
        let spelt = |entity: &Entity| format!("{}::{}", entity.kind, entity.id);
        let term = Term::of_use(&spelt(&question.subject), &question.action.name, &spelt(&question.resource));
        let index = &ledger.index;
        let mut last = index.newest()?;
        if let Some(until) = until {
            // Of what was recorded since, nothing was known then.
            let after = until.checked_add(SignedDuration::from_millis(1)).unwrap_or(Timestamp::MAX);
            let Some((_, newest)) = index.window(None, Some(after))? else { return Ok(None) };
            last = newest;
        }
        let terms = [term];
        let mut uses = index.walk(&terms, Order::Newest);
        loop {
            // Where it pauses it goes on: there is one list, and each look advances it.
            let mut looks = usize::MAX;
            let Looked::Found(seq) = uses.next(last, &mut looks)? else { return Ok(None) };
            if let Some(used) = Self::used(ledger, seq, &terms)?
                // Whether one that cannot be read was before is not known, and the answer says so.
                && until.is_none_or(|until| used.at.is_none_or(|at| at <= until))
            {
                return Ok(Some(used));
            }
            match seq.0.checked_sub(1) {
                Some(before) if before > 0 => last = Seq(before),
                _ => return Ok(None),
            }
        }
    }

    /// The use that a record is of; nothing where it is of another, as terms may share their places in the index.
    fn used(ledger: &Records, seq: Seq, terms: &[Term]) -> Result<Option<Self>, StoreError> {
        #[derive(Deserialize)]
        struct Decided {
            at: Timestamp,
        }
        let lacking = |why, absent| Self { at: None, seq, missing: Some(why), absent };
        Ok(Some(match ledger.record(seq)? {
            Ok(bytes) if !has_terms(&bytes, terms) => return Ok(None),
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(Decided { at }) => Self { at: Some(at), seq, missing: None, absent: None },
                Err(error) => lacking(format!("record {seq} cannot be read: {error}"), None),
            },
            Err(absent) => lacking(absent.place(), Some(absent)),
        }))
    }
}
