//! A candidate reviewed and loaded, ready to be activated.

use std::sync::Arc;
use std::time::Duration;

use crate::caller::Caller;
use crate::config::RulesFrom;
use crate::decide::schema_findings;
use crate::facts::Role;
use crate::pdp::Pdp;
use crate::pdp::call::{CallTarget, admit};
use crate::policy::{Bundle, Finding, RuleFiles, Rulebook};
use crate::publish::review::{Evidence, Outcome, ReviewCallbacks, examine_with};
use crate::store::StoreError;
use crate::work::start_goes_on;

/// The evidence about a candidate, and its bundle unless it is refused.
pub(crate) struct ReviewedBundle {
    pub(crate) evidence: Evidence,
    pub(crate) bundle: Option<Arc<Bundle>>,
}

impl ReviewedBundle {
    pub(crate) fn json(&self) -> Result<String, StoreError> {
        serde_json::to_string(&self.evidence).map_err(|error| StoreError::Unusable(error.to_string()))
    }
}

/// Reviews a candidate and loads it.
pub(crate) async fn review_bundle(pdp: &Pdp, files: RuleFiles) -> Result<ReviewedBundle, StoreError> {
    review_bundle_with(pdp, files, ReviewCallbacks::default()).await
}

/// Like [`review_bundle`], with callbacks.
pub(crate) async fn review_bundle_with(
    pdp: &Pdp,
    files: RuleFiles,
    callbacks: ReviewCallbacks,
) -> Result<ReviewedBundle, StoreError> {
    // At a start the service manager waits for it, and a claim takes as long as its solver does.
    start_goes_on(Duration::from_secs(pdp.limits().examine_seconds as u64));
    let mut evidence = examine_with(pdp, files.clone(), callbacks).await?;
    // What could not be examined is not loaded here: it may take what the process that did was not given.
    if evidence.proofs.is_none() {
        return Ok(ReviewedBundle { evidence, bundle: None });
    }
    let loaded = Bundle::load(files, Rulebook::Domain).map_err(|error| error.findings);
    let loaded = loaded.and_then(|bundle| match schema_findings(&bundle) {
        found if found.is_empty() => Ok(bundle),
        found => Err(found),
    });
    let loaded = match loaded {
        Ok(bundle) => last_rules_finding(pdp, &bundle)?.map_or(Ok(bundle), |found| Err(vec![found])),
        Err(findings) => Err(findings),
    };
    let bundle = match loaded {
        Ok(bundle) => (evidence.outcome != Outcome::Refused).then(|| Arc::new(bundle)),
        Err(findings) => {
            evidence.outcome = Outcome::Refused;
            for finding in findings {
                if !evidence.findings.contains(&finding) {
                    evidence.findings.push(finding);
                }
            }
            None
        }
    };
    pdp.metrics.reviews.reviewed(pdp.store.now(), evidence.outcome, evidence.proofs.as_ref());
    Ok(ReviewedBundle { evidence, bundle })
}

/// The finding about rules under which no operator could activate others; nothing where files decide.
pub(crate) fn last_rules_finding(pdp: &Pdp, bundle: &Bundle) -> Result<Option<Finding>, StoreError> {
    if pdp.rules.from == RulesFrom::Files {
        return Ok(None);
    }
    let (snapshot, now) = (pdp.store.snapshot()?, pdp.store.now());
    for action in ["proposeRules", "approveRules", "rollBackRules"] {
        let mut is_allowed = false;
        for role in Role::ALL {
            let anybody = Caller::Operator { id: "anybody".to_owned(), role: *role };
            let admission = admit(bundle, &snapshot.view(), now, &anybody, action, &CallTarget::Installation)?;
            is_allowed |= admission.permit().is_ok();
        }
        if !is_allowed {
            let message = format!("no operator may `{action}`, so these rules would be the last");
            let hint = "keep a rule that lets some role put other rules in force";
            return Ok(Some(Finding::whole("policies/may/api", message, hint)));
        }
    }
    Ok(None)
}
