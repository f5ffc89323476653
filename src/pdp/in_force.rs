//! The rules in force and what is known of them: which decide now, which are being activated, which were refused; and how
//! others take their place in a transaction of the store.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::metrics::counter::Counter;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::assure::promises::Retired;
use crate::assure::sheets::PrintedTable;
use crate::assure::verdict::Reviewed;
use crate::clock::Timestamp;
use crate::config::{RulesAt, RulesFrom};
use crate::decide::{World, check_schema};
use crate::pdp::jobs::Jobs;
use crate::policy::{Bundle, Digest, Finding, RuleFiles, Rulebook};
use crate::store::{InForce, MetadataChanges, Store, StoreError, Why, WriteContext};

/// The rules that were last in force over a store, if any were.
///
/// # Errors
/// [`StoreError`] when they cannot be read or do not load any more.
pub fn last_in_force(store: &Store) -> Result<Option<Bundle>, StoreError> {
    let Some((_, newest)) = store.rules_in_force()? else { return Ok(None) };
    let bundle = read(&newest.digest, store.kept_rules(&newest.digest)?)?;
    check_schema(&bundle).map_err(|finding| unloadable(&newest.digest, &finding.to_string()))?;
    Ok(Some(bundle))
}

fn unloadable(digest: &str, error: &str) -> StoreError {
    StoreError::Unreadable(format!("the rules `{digest}` were kept and do not load: {error}"))
}

pub(super) fn loaded(digest: &str, files: Vec<(String, String)>) -> Result<Bundle, StoreError> {
    let files: RuleFiles = files.into_iter().collect();
    if Digest::of(&files).as_str() != digest {
        return Err(StoreError::Altered(format!("the set of rules `{digest}` holds other files")));
    }
    Bundle::load(files, Rulebook::Domain).map_err(|error| unloadable(digest, &error.to_string()))
}

/// A set of rules that was activated, loaded from its stored files.
fn read(digest: &str, kept: Option<Vec<(String, String)>>) -> Result<Bundle, StoreError> {
    loaded(digest, kept.ok_or_else(|| unloadable(digest, "their files are not there"))?)
}

/// Rules that were to come in force and did not.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedRules {
    /// Their digest; nothing when their files cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// When they were refused.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What is wrong with them.
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<Finding>,
    /// The proposal they were approved as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
}

/// The rules in force, where they come from, and what is known of them.
pub(crate) struct Rules {
    pub(crate) current: Current,
    pub(crate) from: RulesFrom,
    /// The folder of their files.
    pub(crate) at: Option<RulesAt>,
    /// A world of its own that questions are about, with its rules.
    pub(crate) world: Option<Arc<(Bundle, World)>>,
    /// Rules that were in force before, loaded on demand; the rules of a digest never change.
    pub(crate) past: RwLock<BTreeMap<String, Arc<Bundle>>>,
    /// Every answer of sets that people looked at lately; the answers of a digest never change.
    pub(crate) tables: RwLock<BTreeMap<String, Arc<PrintedTable>>>,
    /// What was reviewed last.
    pub(crate) reviewed: Reviewed,
    /// The reviews of drafts that go on.
    pub(crate) jobs: Jobs,
}

impl Rules {
    /// What is known of rules that decide, before anybody has asked.
    pub(crate) fn of(current: Current) -> Self {
        Self {
            current,
            from: RulesFrom::default(),
            at: None,
            world: None,
            past: RwLock::default(),
            tables: RwLock::default(),
            reviewed: Reviewed::default(),
            jobs: Jobs::default(),
        }
    }
}

/// The rules that decide now, and what was last refused in their place.
#[derive(Clone)]
pub(crate) struct Current {
    /// The rules, with the number of their activation in the history.
    deciding: Arc<RwLock<(Option<u64>, Arc<Bundle>)>>,
    /// Sets that are being activated, by their numbers in the history: they decide once the store has committed them.
    activation: Arc<RwLock<BTreeMap<u64, Arc<Bundle>>>>,
    refused: Arc<RwLock<Option<RefusedRules>>>,
    passed_over: Arc<RwLock<Vec<String>>>,
    swaps: Counter,
}

impl Current {
    /// Rules that decide over a store as it is.
    pub(crate) fn of(bundle: Bundle, store: &Store, swaps: Counter) -> Self {
        let number = store.in_force_number();
        let deciding = Arc::new(RwLock::new((number, Arc::new(bundle))));
        Self { deciding, activation: Arc::default(), refused: Arc::default(), passed_over: Arc::default(), swaps }
    }

    /// The rules that decided last.
    pub(crate) fn get(&self) -> Arc<Bundle> {
        Arc::clone(&self.deciding.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// The rules that are in force as of the newest commit of a store.
    pub(crate) fn newest(&self, store: &Store) -> Arc<Bundle> {
        {
            let number = store.in_force_number();
            let deciding = self.deciding.read().unwrap_or_else(PoisonError::into_inner);
            if number.is_none() || number == deciding.0 {
                return Arc::clone(&deciding.1);
            }
        }
        match store.in_force().map_or(Ok(()), |(number, digest)| self.follow(store, number, &digest)) {
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "the rules in force cannot be read; those of before decide"),
        }
        self.get()
    }

    /// The rules in force where a change is made, possibly activated by an earlier change in the same commit.
    pub(crate) fn over(&self, context: &WriteContext<'_>) -> Result<Arc<Bundle>, StoreError> {
        let Some((number, entry)) = context.in_force()? else { return Ok(self.get()) };
        {
            let deciding = self.deciding.read().unwrap_or_else(PoisonError::into_inner);
            if deciding.0 == Some(number) {
                return Ok(Arc::clone(&deciding.1));
            }
        }
        self.activating(number, &entry.digest)
            .map_or_else(|| read(&entry.digest, context.kept_rules(&entry.digest)?).map(Arc::new), Ok)
    }

    /// The set with a number in the history that this process activates and that does not decide yet.
    fn activating(&self, number: u64, digest: &str) -> Option<Arc<Bundle>> {
        let activation = self.activation.read().unwrap_or_else(PoisonError::into_inner);
        activation.get(&number).filter(|bundle| bundle.digest().as_str() == digest).map(Arc::clone)
    }

    /// Makes the activated rules decide.
    fn follow(&self, store: &Store, number: u64, digest: &str) -> Result<(), StoreError> {
        let bundle = self
            .activating(number, digest)
            .map_or_else(|| read(digest, store.kept_rules(digest)?).map(Arc::new), Ok)?;
        let before = {
            let mut deciding = self.deciding.write().unwrap_or_else(PoisonError::into_inner);
            if deciding.0.is_some_and(|known| known >= number) {
                return Ok(());
            }
            std::mem::replace(&mut *deciding, (Some(number), bundle)).1
        };
        self.refuse(None);
        // Not those of later numbers: they may not be durable yet.
        self.activation.write().unwrap_or_else(PoisonError::into_inner).retain(|activation, _| *activation > number);
        if before.digest().as_str() != digest {
            tracing::info!(rules = digest, "other rules are in force");
            self.swaps.inc();
        }
        if let Some((_, entry)) = store.rules_in_force()?.filter(|(newest, _)| *newest == number) {
            said_of(&entry, before.digest());
        }
        Ok(())
    }

    fn activates(&self, number: u64, bundle: &Arc<Bundle>) {
        self.activation.write().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::clone(bundle));
    }

    pub(crate) fn refused(&self) -> Option<RefusedRules> {
        self.refused.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Is there something that was refused in place of what is in force?
    pub(crate) fn has_refused(&self) -> bool {
        self.refused().is_some()
    }

    /// What was left in the folder of rules and is no part of them.
    pub(crate) fn passed_over(&self) -> Vec<String> {
        self.passed_over.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn pass_over(&self, strays: Vec<String>) {
        *self.passed_over.write().unwrap_or_else(PoisonError::into_inner) = strays;
    }

    pub(crate) fn refuse(&self, refused: Option<RefusedRules>) {
        *self.refused.write().unwrap_or_else(PoisonError::into_inner) = refused;
    }
}

/// Logs what is unusual about an activation.
fn said_of(entry: &InForce, before: &Digest) {
    for Retired { promise, by, why, .. } in &entry.retired {
        tracing::warn!(promise, by, why, "a promise is retired");
    }
    if entry.emergency {
        tracing::warn!(
            rules = entry.digest,
            instead_of = %before,
            by = entry.by,
            comment = entry.comment.as_deref().unwrap_or("no reason given"),
            "rules were called back by one person alone, as an emergency"
        );
    }
}

/// A bundle to activate.
pub(crate) struct Activation {
    pub(crate) bundle: Arc<Bundle>,
    pub(crate) by: String,
    pub(crate) why: Why,
    pub(crate) proposal: Option<u64>,
    pub(crate) evidence: Option<String>,
    /// The folder its files were read from.
    pub(crate) folder: Option<String>,
    /// The promises that go with it.
    pub(crate) retired: Vec<Retired>,
}

/// What the history says of an activation in addition to who, when and why.
#[derive(Clone, Default)]
pub(crate) struct Note {
    /// What was said with it.
    pub(crate) comment: Option<String>,
    /// Did one person alone do it, in an emergency?
    pub(crate) emergency: bool,
}

/// Activates a bundle: writes it and its history entry in this transaction; it decides once the commit is durable,
/// before the caller gets the answer.
pub(crate) fn activate(
    current: &Current,
    context: &WriteContext<'_>,
    activation: &Activation,
    metadata: &mut MetadataChanges,
) -> Result<InForce, StoreError> {
    activate_with(current, context, activation, Note::default(), metadata)
}

/// Like [`activate`], with a note for the history.
pub(crate) fn activate_with(
    current: &Current,
    context: &WriteContext<'_>,
    activation: &Activation,
    Note { comment, emergency }: Note,
    metadata: &mut MetadataChanges,
) -> Result<InForce, StoreError> {
    let Activation { bundle, by, why, proposal, evidence, folder, retired } = activation;
    let before = context.in_force()?;
    let number = before.as_ref().map_or(0, |(number, _)| number + 1);
    let at = before.map_or(context.at, |(_, before)| context.at.max(before.at));
    let files = kept(bundle.files());
    let digest = bundle.digest().to_string();
    let (by, folder, retired) = (by.clone(), folder.clone(), retired.clone());
    let entry = InForce { digest, by, at, why: *why, proposal: *proposal, comment, emergency, folder, retired };
    metadata.put_in_force(number, &entry, &files, evidence.as_deref())?;
    // Safe to repeat: it is only looked up by the number and digest that were committed.
    current.activates(number, bundle);
    Ok(entry)
}

/// The files of a set of rules, as they are kept.
pub(crate) fn kept(files: &RuleFiles) -> Vec<(String, String)> {
    files.iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

pub(crate) fn parsed(evidence: Option<String>) -> Result<Option<Value>, StoreError> {
    let parsed = evidence.map(|evidence| serde_json::from_str(&evidence)).transpose();
    parsed.map_err(|error| StoreError::Unreadable(error.to_string()))
}
