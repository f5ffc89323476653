//! Reports about the rules: what decides now, and what was activated when.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::assure::promises::Retired;
use crate::clock::Timestamp;
use crate::config::RulesFrom;
use crate::decide::decided_by_cedar;
use crate::limits::DIGEST_PREFIX_MIN;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::in_force::{RefusedRules, parsed};
use crate::pdp::page::{ListError, Page};
use crate::pdp::rules::{AmbiguousDigest, whole_digest};
use crate::policy::{RuleFiles, RuleId};
use crate::publish::{self, PublishError};
use crate::store::{InForce, Why};

/// What decides now, and since when.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RulesStatus {
    /// The digest of the rules in force.
    pub digest: String,
    /// Since when they are.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Who put them in force; `files` when the folder was changed, `start` when the service started with them,
    /// `built-in` when they are those of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why: `start`, `files`, `published` or `rolledBack`.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// The proposal that was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
    /// What was said by whoever approved them or called them back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Were they called back by one person alone, in an emergency?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
    /// Where rules come from: `files` or `publishing`.
    #[schema(value_type = String)]
    pub from: RulesFrom,
    /// The folder whose files decide; absent where they are built into the program, or rules are published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// What editors left in that folder, which is no part of the rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
    /// The actions whose questions are not answered from the table of decisions, each with the rules that see more than
    /// the table holds.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub decided_by_cedar: BTreeMap<String, Vec<RuleId>>,
    /// The promises of the rules before that went when these came in force.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
    /// What was known of them when they came in force.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Value>,
    /// What was to take their place and was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedRules>,
    /// What is to take their place later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled: Option<ScheduledRules>,
}

/// Rules that are approved and come in force later.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduledRules {
    /// The proposal.
    pub proposal: u64,
    /// The digest of its rules.
    pub digest: String,
    /// When they come in force.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// When a set of rules came in force.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RulesEntry {
    /// The digest of the rules.
    pub digest: String,
    /// When they came in force.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who put them in force.
    pub by: String,
    /// Why: `start`, `files`, `published` or `rolledBack`.
    #[schema(value_type = String)]
    pub why: Why,
    /// The proposal that was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
    /// What was said by whoever approved them or called them back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Were they called back by one person alone, in an emergency?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
    /// What they answer differently from those of before, when they have just been called back.
    #[schema(value_type = Option<Object>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Value>,
    /// The folder its files were read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The promises of the rules before that went with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
}

/// Why rules came in force, in the word of the wire.
#[must_use]
pub fn why_code(why: Why) -> &'static str {
    match why {
        Why::Start => "start",
        Why::Files => "files",
        Why::Published => "published",
        Why::RolledBack => "rolledBack",
    }
}

impl From<InForce> for RulesEntry {
    fn from(entry: InForce) -> Self {
        let InForce { digest, by, at, why, proposal, comment, emergency, folder, retired } = entry;
        Self { digest, at, by, why, proposal, comment, emergency, evidence: None, folder, retired }
    }
}

/// A set of rules that is or was in force, or was proposed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptRules {
    /// Its digest.
    pub digest: String,
    /// Its files: texts by path.
    pub files: BTreeMap<String, String>,
    /// Every time it came in force, oldest first; none where it was proposed alone.
    pub in_force: Vec<RulesEntry>,
    /// What was known of it when it last came in force.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Value>,
}

/// What decides now, since when, and what is to take its place.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read the rules.
pub async fn rules_status(pdp: &Pdp, call: &Call) -> Result<Response<RulesStatus>, CallError<Infallible>> {
    call::read(pdp, call, "readRules", &CallTarget::Installation, |_, _| {
        let entry = pdp.store.rules_in_force()?.map(|(_, entry)| RulesEntry::from(entry));
        let digest = entry.as_ref().map_or_else(|| pdp.rules().digest().to_string(), |entry| entry.digest.clone());
        let scheduled = publish::schedule::scheduled(pdp)?.and_then(|proposal| {
            let at = proposal.activate_at?;
            Some(ScheduledRules { proposal: proposal.id, digest: proposal.digest, at })
        });
        Ok(RulesStatus {
            evidence: parsed(pdp.store.rules_evidence(&digest)?)?,
            digest,
            since: entry.as_ref().map(|entry| entry.at),
            by: entry.as_ref().map(|entry| entry.by.clone()),
            why: entry.as_ref().map(|entry| entry.why),
            proposal: entry.as_ref().and_then(|entry| entry.proposal),
            emergency: entry.as_ref().is_some_and(|entry| entry.emergency),
            comment: entry.as_ref().and_then(|entry| entry.comment.clone()),
            from: pdp.rules.from,
            folder: publish::watched::folder_said(pdp).filter(|_| pdp.rules.from == RulesFrom::Files),
            passed_over: pdp.rules.current.passed_over(),
            decided_by_cedar: decided_by_cedar(&pdp.rules()),
            retired: entry.map(|entry| entry.retired).unwrap_or_default(),
            refused: pdp.rules.current.refused(),
            scheduled,
        })
    })
    .await
}

/// A set of rules that is or was in force, or is proposed, with its files, by its digest or the beginning of it.
///
/// # Errors
/// [`PublishError::UnknownRules`], [`PublishError::Ambiguous`]; [`CallError::Denied`] for whoever may not read the
/// rules.
pub async fn rules_with(pdp: &Pdp, call: &Call, digest: &str) -> Result<Response<KeptRules>, CallError<PublishError>> {
    call::read(pdp, call, "readRules", &CallTarget::Installation, |_, _| {
        let unknown = || PublishError::UnknownRules(digest.to_owned());
        let kept = match whole_digest::<PublishError>(pdp, digest)? {
            Some(whole) => pdp.store.kept_rules(&whole)?.map(|files| (whole, files)),
            None => None,
        };
        let Some((digest, files)) = kept else { return Ok(proposed_with(pdp, digest)?.ok_or_else(unknown)?) };
        let history = pdp.store.rules_history(0, usize::MAX)?.into_iter().map(|(_, entry)| entry);
        Ok(KeptRules {
            files: files.into_iter().collect(),
            in_force: history.filter(|entry| entry.digest == digest).map(RulesEntry::from).collect(),
            evidence: parsed(pdp.store.rules_evidence(&digest)?)?,
            digest,
        })
    })
    .await
}

/// The digest and the files of a set of rules that is or was in force, or is proposed, by its digest or the beginning of
/// it.
pub(crate) fn set_named(pdp: &Pdp, written: &str) -> Result<(String, RuleFiles), CallError<PublishError>> {
    if let Some(whole) = whole_digest::<PublishError>(pdp, written)?
        && let Some(files) = pdp.store.kept_rules(&whole)?
    {
        return Ok((whole, files.into_iter().collect()));
    }
    let proposed = proposed_with(pdp, written)?.ok_or_else(|| PublishError::UnknownRules(written.to_owned()))?;
    Ok((proposed.digest, proposed.files.into_iter().collect()))
}

/// A set of rules that was proposed and never activated, by its digest or the beginning of it.
fn proposed_with(pdp: &Pdp, written: &str) -> Result<Option<KeptRules>, CallError<PublishError>> {
    let proposals = pdp.store.proposals(0, usize::MAX)?.into_iter().map(|(_, proposal)| proposal);
    let is_meant = |digest: &str| written.len() >= DIGEST_PREFIX_MIN && digest.starts_with(written);
    let mut found: BTreeMap<String, u64> =
        proposals.filter(|known| is_meant(&known.digest)).map(|known| (known.digest, known.id)).collect();
    if found.len() > 1 {
        let digests = found.into_keys().collect();
        return Err(PublishError::from(AmbiguousDigest { short: written.to_owned(), digests }).into());
    }
    let Some((digest, id)) = found.pop_first() else { return Ok(None) };
    let files = pdp.store.proposed_files(id)?.into_iter().collect();
    let evidence = parsed(pdp.store.proposed_evidence(id)?)?;
    Ok(Some(KeptRules { digest, files, in_force: Vec::new(), evidence }))
}

/// The activated sets of rules, oldest first.
///
/// # Errors
/// [`ListError`]; [`CallError::Denied`] when the caller may not read the rules.
pub async fn rules_history(
    pdp: &Pdp,
    call: &Call,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<RulesEntry>>, CallError<ListError>> {
    call::read(pdp, call, "readRules", &CallTarget::Installation, |_, _| {
        let seal = Seal::of(&pdp.keys.ledger, &call.caller, &"history of rules");
        Page::of_numbered(limit, cursor, seal, |from, most| pdp.store.rules_history(from, most))
    })
    .await
}
