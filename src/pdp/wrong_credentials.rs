//! Wrong credentials in the ledger, in a bounded form: the first is recorded at once, those that follow are counted,
//! and their number is recorded when a minute is over. So guessing is seen, and does not fill the disk.

use crate::audit::{Record, RecordKind};
use crate::caller::{Caller, Proof};
use crate::clock::OnceAMinute;
use crate::facts::Facts;
use crate::id::TokenId;
use crate::pdp::Pdp;
use crate::pdp::credentials_minute::Window;
use crate::store::{StoreError, Token};

/// The action of these records.
const ACTION: &str = "Api::authenticate";

/// What is said of tokens that were altered on disk.
static ALTERED: OnceAMinute = OnceAMinute::new();

/// Records that wrong credentials came, in a bounded form. `named` is the token they named; only one that is known
/// is recorded.
///
/// # Errors
/// [`StoreError`] when the record cannot be written.
pub async fn note_wrong_credentials(pdp: &Pdp, named: Option<&TokenId>) -> Result<(), StoreError> {
    let (over, is_first) = pdp.metrics.wrong_credentials_now.note(pdp.now());
    pdp.metrics.wrong_credentials.inc();
    let mut records: Vec<Record> = over.and_then(|window| counted(pdp, &window)).into_iter().collect();
    if is_first {
        let known = named.map(|id| token_as_written(pdp, id)).transpose()?.flatten();
        let mut record = of_wrong_credentials(pdp, "the credentials are no right proof of somebody who may come in");
        if let Some(token) = known {
            record.question.context.insert("token".to_owned(), token.id.as_str().into());
        }
        records.push(record);
    }
    append_all(pdp, records).await
}

/// Records how many wrong credentials came in a minute that is over; with `all`, in the one that goes on.
///
/// # Errors
/// [`StoreError`] when the record cannot be written.
pub async fn keep_wrong_credentials(pdp: &Pdp, all: bool) -> Result<(), StoreError> {
    pdp.settings.attempts.forget();
    let over = pdp.metrics.wrong_credentials_now.end(pdp.now(), all);
    append_all(pdp, over.and_then(|window| counted(pdp, &window)).into_iter().collect()).await
}

fn counted(pdp: &Pdp, window: &Window) -> Option<Record> {
    let mut record = of_wrong_credentials(pdp, "more wrong credentials came, which have no records of their own");
    let context = &mut record.question.context;
    context.insert("count".to_owned(), window.counted.into());
    context.insert("from".to_owned(), window.began.to_string().into());
    context.insert("to".to_owned(), window.last.to_string().into());
    (window.counted > 0).then_some(record)
}

fn of_wrong_credentials(pdp: &Pdp, message: &str) -> Record {
    let facts = Facts { revision: pdp.store.revision(), at: pdp.now(), ..Facts::default() };
    let rules = pdp.rules().digest().clone();
    let mut record = Record::of_invalid(Caller::Visitor, RecordKind::Call, message.to_owned(), facts, rules);
    record.question.action.name = ACTION.to_owned();
    record.proof = Some(Proof::Unasked);
    record
}

async fn append_all(pdp: &Pdp, records: Vec<Record>) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let records: Result<Vec<_>, _> = records.into_iter().map(|record| pdp.store.recorded(record)).collect();
    pdp.store.append(records?).await.map(|_| ())
}

/// A token by its public name; nothing for one that is not as it was written, which opens nothing.
pub(crate) fn token_as_written(pdp: &Pdp, id: &TokenId) -> Result<Option<Token>, StoreError> {
    match pdp.store.token(id) {
        Err(error @ StoreError::Altered(_)) => {
            if let Some(earlier) = ALTERED.due() {
                tracing::error!(%error, token = %id, earlier, "a token opens nothing; said once a minute");
            }
            Ok(None)
        }
        found => found,
    }
}
