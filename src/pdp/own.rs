//! Metadata that this service writes without a call: rules that are activated from their files or at their time, keys,
//! where the rules come from. Once there is a ledger, each has its record.

use crate::audit::Record;
use crate::facts::Facts;
use crate::pdp::Pdp;
use crate::store::{MetadataChanges, StoreError, Work, WriteContext};

/// What is written, and why.
pub(crate) struct Own {
    /// What was done, as a call would be named.
    pub(crate) action: &'static str,
    /// Who is said to have done it.
    pub(crate) by: String,
    /// What was done, in a sentence.
    pub(crate) message: String,
}

/// Writes what `put` returns, with a record of it once there is a ledger; nothing where it returns nothing. It may be
/// run again.
pub(crate) async fn write_own(
    pdp: &Pdp,
    Own { action, by, message }: Own,
    put: impl Fn(&WriteContext<'_>) -> Result<MetadataChanges, StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    let (has_ledger, rules) = (pdp.store.records()? > 0, pdp.rules().digest().clone());
    let written = pdp.store.change(move |context| {
        let metadata = put(context)?;
        let facts = Facts { revision: context.view.revision(), at: context.at, ..Facts::default() };
        let is_recorded = has_ledger && !metadata.is_empty();
        let records =
            is_recorded.then(|| Record::of_own(action, message.clone(), facts, rules.clone())).into_iter().collect();
        Ok(Work { change: None, by: by.clone(), records, remember: None, metadata, value: () })
    });
    written.await.map(drop)
}
