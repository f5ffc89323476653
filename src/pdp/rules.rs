//! The rules that are and were in force: activated without a call, and found by their digest.

mod digest;

pub use digest::AmbiguousDigest;
pub(crate) use digest::whole_digest;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use crate::config::RulesFrom;
use crate::decide::Reason;
use crate::limits::PAST_RULES_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::{CallError, Coded};
use crate::pdp::in_force::{Activation, activate, kept, loaded};
use crate::pdp::own::{self, Own};
use crate::policy::{Bundle, RuleFiles};
use crate::store::{MetadataChanges, StoreError, Why, WriteContext};

/// A few of the shipped files, to show what a set of rules looks like when it is sent.
#[must_use]
pub fn example_rules() -> BTreeMap<String, String> {
    kept(&RuleFiles::built_in()).into_iter().filter(|(path, _)| path == "policies/may/receive-bill.cedar").collect()
}

/// Where the rules in force come from.
#[must_use]
pub fn rules_from(pdp: &Pdp) -> RulesFrom {
    pdp.rules.from
}

/// Stores the rules in force by their digest, with who activated them and when, so that what they decided can be
/// decided again; nothing when they were the last in force already.
///
/// # Errors
/// [`StoreError`] when they cannot be kept; then they must not decide.
pub async fn keep_rules(pdp: &Pdp, by: &str) -> Result<(), StoreError> {
    let (bundle, by, why) = (pdp.rules(), by.to_owned(), Why::Start);
    let (proposal, evidence, folder, retired) = (None, None, None, Vec::new());
    keep(pdp, Activation { bundle, by, why, proposal, evidence, folder, retired }).await
}

/// Activates rules without a call, unless they are already.
pub(crate) async fn keep(pdp: &Pdp, activation: Activation) -> Result<(), StoreError> {
    let (current, digest) = (pdp.rules.current.clone(), activation.bundle.digest());
    let message = match activation.why {
        Why::Start => format!("the rules `{digest}` came in force as the service started"),
        Why::Files => format!("the rules `{digest}` came in force from their files"),
        Why::Published | Why::RolledBack => format!("the rules `{digest}` came in force"),
    };
    let own = Own { action: "activateRules", by: activation.by.clone(), message };
    let put = move |context: &WriteContext<'_>| {
        let mut metadata = MetadataChanges::default();
        if context.in_force()?.is_none_or(|(_, last)| last.digest != activation.bundle.digest().as_str()) {
            activate(&current, context, &activation, &mut metadata)?;
        }
        Ok(metadata)
    };
    own::write_own(pdp, own, put).await?;
    // What is unusual is logged at once.
    drop(pdp.rules());
    Ok(())
}

/// The rules that a digest or the beginning of one names, if they are or were in force.
pub(crate) fn rules_named<E>(pdp: &Pdp, written: &str) -> Result<Option<Arc<Bundle>>, CallError<E>>
where
    E: Coded + From<AmbiguousDigest>,
{
    match whole_digest::<E>(pdp, written)? {
        Some(digest) => Ok(rules_of(pdp, &digest)?),
        None => Ok(None),
    }
}

/// The rules with a digest, if they are or were in force.
pub(crate) fn rules_of(pdp: &Pdp, digest: &str) -> Result<Option<Arc<Bundle>>, StoreError> {
    let current = pdp.rules();
    if current.digest().as_str() == digest {
        return Ok(Some(current));
    }
    if let Some(known) = pdp.rules.past.read().unwrap_or_else(PoisonError::into_inner).get(digest) {
        return Ok(Some(Arc::clone(known)));
    }
    let Some(files) = pdp.store.kept_rules(digest)? else { return Ok(None) };
    let bundle = Arc::new(loaded(digest, files)?);
    let mut past = pdp.rules.past.write().unwrap_or_else(PoisonError::into_inner);
    if past.len() >= PAST_RULES_MAX {
        past.pop_first();
    }
    past.insert(digest.to_owned(), Arc::clone(&bundle));
    Ok(Some(bundle))
}

/// Every reason a no can have by the rules in force, and by those of a world of its own.
#[must_use]
pub fn reasons(pdp: &Pdp) -> BTreeSet<String> {
    let (rules, world) = (pdp.rules(), pdp.rules.world.as_deref());
    let bundles = world.map(|(rules, _)| rules).into_iter().chain([&*rules]);
    bundles.flat_map(Reason::all_of).map(str::to_owned).collect()
}
