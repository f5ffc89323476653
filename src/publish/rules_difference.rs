//! What two sets of rules that are kept answer differently: the rows that turn, and who in the live world gains or loses
//! what.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::assure::prove::Beyond;
use crate::assure::table_diff::ActionFlips;
use crate::assure::verdict::{Examination, Verdict};
use crate::decide::check_schema;
use crate::limits::NAMED_TURNS_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::policy::{Bundle, Finding, RuleFiles, Rulebook};
use crate::publish::difference::{WorldDifference, compare};
use crate::publish::report::set_named;
use crate::publish::review::{UNEXAMINED, examination, not_compared};
use crate::publish::{PublishError, saying};
use crate::store::StoreError;
use crate::work::{Owner, in_turn};

/// What one kept set of rules answers differently from another.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[schema(as = RulesDifference)]
pub struct RulesDifference {
    /// The digest of the rules that are compared with.
    pub from: String,
    /// The digest of the rules that are compared.
    pub to: String,
    /// Are they one set, so that nothing turns?
    pub same: bool,
    /// Why they are not compared, or not on the live world.
    #[schema(value_type = Vec<Object>)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The rows of the tables that turn, by action, as a review lists them.
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<ActionFlips>,
    /// What a solver found to turn, by action, in no row of the tables.
    #[schema(value_type = Vec<Object>)]
    pub beyond: Vec<Beyond>,
    /// Why it is not known what turns besides the rows that do; absent where it is.
    #[serde(rename = "beyondUnknown", skip_serializing_if = "Option::is_none")]
    pub beyond_unknown: Option<String>,
    /// Who gains or loses what in the live world, counted and named; absent where both are one set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub world: Option<WorldDifference>,
}

/// Compares two sets of rules, each in force or kept, on the present facts.
///
/// # Errors
/// [`PublishError::UnknownRules`], [`PublishError::Ambiguous`]; [`PublishError::Unloadable`] where the rules that are
/// compared with do not load any more; [`CallError::Denied`] for whoever may not have rules reviewed.
pub async fn rules_difference(
    pdp: &Pdp,
    call: &Call,
    from: &str,
    to: &str,
) -> Result<Response<RulesDifference>, CallError<PublishError>> {
    call::may(pdp, call, "reviewRules").await?;
    let found = set_named(pdp, from).and_then(|from| Ok((from, set_named(pdp, to)?)));
    let digests = found.as_ref().ok().map(|((from, _), (to, _))| (from.clone(), to.clone()));
    let compared = match found {
        Ok((from, to)) => between(pdp, from, to).await,
        Err(error) => Err(error),
    };
    let (from, to) = digests.unzip();
    let call = saying(call, [("from", from.map(Into::into)), ("to", to.map(Into::into))]);
    call::read(pdp, &call, "reviewRules", &CallTarget::Installation, |_, _| compared).await
}

async fn between(
    pdp: &Pdp,
    (from, old): (String, RuleFiles),
    (to, new): (String, RuleFiles),
) -> Result<RulesDifference, CallError<PublishError>> {
    let same = from == to;
    let nothing = RulesDifference {
        from,
        to,
        same,
        findings: Vec::new(),
        rows: Vec::new(),
        beyond: Vec::new(),
        beyond_unknown: None,
        world: None,
    };
    if same {
        return Ok(nothing);
    }
    let unloadable = |message: String| PublishError::Unloadable { digest: nothing.from.clone(), message };
    let old = Bundle::load(old, Rulebook::Domain).map_err(|error| unloadable(error.to_string()))?;
    check_schema(&old).map_err(|finding| unloadable(finding.to_string()))?;
    let old = Arc::new(old);
    let by = Owner::of_current();
    let (verdict, spoken) = match examination(pdp, &old, &new, &by).await {
        Ok(Examination::Examined(known)) => *known,
        Ok(Examination::Unloadable(findings)) => return Ok(RulesDifference { findings, ..nothing }),
        Err(why) => {
            let finding = Finding::whole("policies", format!("the rules could not be examined: {why}"), UNEXAMINED);
            return Ok(RulesDifference { findings: vec![finding], ..nothing });
        }
    };
    let (at, snapshot) = (pdp.store.now(), pdp.store.snapshot()?);
    let compared = in_turn(&by, move || {
        let new = match Bundle::load(new, Rulebook::Domain) {
            Ok(new) => new,
            Err(error) => return Ok(RulesDifference { findings: error.findings, ..nothing }),
        };
        let (view, rules) = (snapshot.view(), [&*old, &new]);
        let goes_on = &mut |_| ControlFlow::Continue(());
        let world = compare(rules, &spoken, &view, at, NAMED_TURNS_MAX, goes_on, &mut |_| ControlFlow::Continue(()));
        let (world, findings) = match world {
            Ok(world) => (Some(world), Vec::new()),
            Err(CallError::Store(error)) => return Err(error),
            Err(error) => (None, vec![not_compared(&error.to_string())]),
        };
        let Verdict { rows, beyond, beyond_unknown, .. } = verdict;
        Ok(RulesDifference { findings, rows, beyond, beyond_unknown, world, ..nothing })
    });
    let broken = |error| StoreError::Unusable(format!("the comparison broke off: {error}"));
    Ok(compared.await.map_err(broken)??)
}
