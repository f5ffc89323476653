//! Rules from a folder: what each change to the files does.

use crate::assure::proof::is_busy;
use crate::config::RulesAt;
use crate::pdp::Pdp;
use crate::pdp::examiner::OUT_OF_TIME;
use crate::pdp::in_force::{Activation, RefusedRules};
use crate::pdp::rules;
use crate::policy::{Digest, Finding, ReadError, RuleFiles};
use crate::publish::reviewed_bundle::review_bundle;
use crate::store::{StoreError, Why};

/// The outcome of reading the files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// They are the rules in force, or those refused before.
    Same,
    /// They are in force now.
    InForce,
    /// They are refused; what was in force still is.
    Refused,
    /// They are refused since the solver, or the whole examination, had no time on a busy machine; it may have some
    /// later.
    Unanswered,
}

/// Takes the files of the folder as they are now: a good set is kept and then decides, a bad one changes nothing.
///
/// # Errors
/// [`StoreError`] when a good set cannot be kept or the facts cannot be read; then nothing changes, and it may be
/// tried again.
pub async fn take_files(pdp: &Pdp, files: Result<RuleFiles, ReadError>) -> Result<Taken, StoreError> {
    let files = match files {
        Ok(files) => files,
        Err(error) => {
            let finding = Finding::whole("policies", error.to_string(), "mend it; it is read again");
            return Ok(refuse_files(pdp, None, vec![finding]));
        }
    };
    let digest = Digest::of(&files);
    pass_over(pdp, files.strays());
    if digest == *pdp.rules().digest() {
        pdp.rules.current.refuse(None);
        return Ok(Taken::Same);
    }
    let is_it =
        |refused: RefusedRules| refused.digest.as_deref() == Some(digest.as_str()) && !is_unanswered(&refused.findings);
    if pdp.rules.current.refused().is_some_and(is_it) {
        return Ok(Taken::Same);
    }
    let reviewed = review_bundle(pdp, files).await?;
    let evidence = Some(reviewed.json()?);
    // Nobody can give a reason for accepting what the solver did not settle.
    let undecided = reviewed.evidence.undecided();
    let Some(bundle) = reviewed.bundle else {
        return Ok(refuse_files(pdp, Some(digest), or_refused(reviewed.evidence.findings)));
    };
    if !undecided.is_empty() {
        return Ok(refuse_files(pdp, Some(digest), undecided));
    }
    let (by, folder, retired) = (files_by(pdp, "files"), folder_said(pdp), reviewed.evidence.retired);
    rules::keep(pdp, Activation { bundle, by, why: Why::Files, proposal: None, evidence, folder, retired }).await?;
    Ok(Taken::InForce)
}

/// Logs once that stray files in the folder are no part of the rules.
pub(crate) fn pass_over(pdp: &Pdp, strays: &[String]) {
    if pdp.rules.current.passed_over() != strays {
        if !strays.is_empty() {
            tracing::warn!(files = strays.join(", "), "what editors left in the folder of rules is passed over");
        }
        pdp.rules.current.pass_over(strays.to_vec());
    }
}

fn refuse_files(pdp: &Pdp, digest: Option<Digest>, findings: Vec<Finding>) -> Taken {
    let digest = digest.map(|digest| digest.to_string());
    let taken = if is_unanswered(&findings) { Taken::Unanswered } else { Taken::Refused };
    if pdp.rules.current.refused().is_some_and(|known| known.digest == digest && known.findings == findings) {
        return if taken == Taken::Unanswered { taken } else { Taken::Same };
    }
    refuse(pdp, RefusedRules { digest, at: pdp.store.now(), findings, proposal: None });
    taken
}

/// Is nothing against the rules but that the solver, or the whole examination, had no time?
fn is_unanswered(findings: &[Finding]) -> bool {
    let mut refusing = findings.iter().filter(|finding| !finding.advisory).peekable();
    let had_no_time = |finding: &Finding| is_busy(&finding.message) || finding.message.contains(OUT_OF_TIME);
    refusing.peek().is_some() && refusing.all(had_no_time)
}

/// Logs that rules were refused, and keeps it for reports.
pub(crate) fn refuse(pdp: &Pdp, refused: RefusedRules) {
    let findings: Vec<String> = refused.findings.iter().map(ToString::to_string).collect();
    tracing::error!(
        rules = refused.digest.as_deref().unwrap_or("unreadable"),
        proposal = refused.proposal,
        in_force = %pdp.rules().digest(),
        findings = findings.join("; "),
        "rules were refused, and those in force still are"
    );
    pdp.metrics.refused();
    pdp.rules.current.refuse(Some(refused));
}

/// The findings about refused rules: at least one, that they were refused.
pub(crate) fn or_refused(mut findings: Vec<Finding>) -> Vec<Finding> {
    if findings.is_empty() {
        findings.push(Finding::whole("policies", "the rules were refused", "review them to see what was found"));
    }
    findings
}

/// Who activates the files: their folder, or the program whose set it is.
pub(crate) fn files_by(pdp: &Pdp, by: &str) -> String {
    if pdp.rules.at == Some(RulesAt::BuiltIn) { RulesAt::BUILT_IN.to_owned() } else { by.to_owned() }
}

/// The folder that the files are read from, as it is reported.
pub(crate) fn folder_said(pdp: &Pdp) -> Option<String> {
    pdp.rules.at.as_ref().and_then(RulesAt::as_folder).map(|folder| folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assure::proof::BUSY;

    #[test]
    fn only_what_had_no_time_is_tried_again() {
        let busy = || Finding::whole("policies/always", format!("the claim `c` is not proved: {BUSY}"), "wait");
        let other = || Finding::whole("policies/always", "the claim `d` does not hold", "mend it");
        let late = |why: &str| Finding::whole("policies", format!("it took more than 300 {why}"), "try again");
        assert!(is_unanswered(&[busy(), busy(), other().advising()]));
        assert!(is_unanswered(&[late(OUT_OF_TIME)]));
        assert!(!is_unanswered(&[late("seconds of a processor, which is `examine_seconds`")]));
        assert!(!is_unanswered(&[busy(), other()]));
        assert!(!is_unanswered(&[busy().advising()]));
        assert!(!is_unanswered(&[]));
    }
}
