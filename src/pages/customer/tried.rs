//! A change of a customer, tried before it is made: what it does, and what it turns as far as that can be compared.

use crate::answer::what_if::WhatIfError;
use crate::answer::what_if::own::{ChangeEffect, CustomerChange, OwnDelta, effect_for_customer, what_if_customer};
use crate::id::{CustomerId, Seq};
use crate::pages::context::PageCall;
use crate::pdp::call::CallError;

/// What trying a change comes to.
pub(super) struct Tried {
    /// What it turns; nothing where that is more than can be compared.
    pub(super) delta: Option<OwnDelta>,
    /// What it does.
    pub(super) effect: Option<ChangeEffect>,
    /// Where it is recorded.
    pub(super) seqs: Vec<Seq>,
}

/// Tries a change. What it does is known even where what it turns is too much to compare: it is what the form that makes
/// the change holds, and whoever makes it has to see who loses by it.
pub(super) async fn tried(
    page: &PageCall,
    customer: &CustomerId,
    change: CustomerChange,
) -> Result<Tried, CallError<WhatIfError>> {
    let pdp = &page.setting.pdp;
    match what_if_customer(pdp, &page.call, customer, vec![change.clone()]).await {
        Ok(read) => {
            let effect = read.value.effects.first().cloned();
            Ok(Tried { delta: Some(read.value), effect, seqs: read.seqs })
        }
        Err(CallError::Refused(WhatIfError::TooMuch | WhatIfError::TooManyFacts)) => {
            let read = effect_for_customer(pdp, &page.call, customer, change).await?;
            Ok(Tried { delta: None, effect: Some(read.value), seqs: read.seqs })
        }
        Err(error) => Err(error),
    }
}
