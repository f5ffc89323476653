//! Every answer a set of rules gives, for whoever reads the rules.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use crate::assure::sheets::PrintedTable;
use crate::assure::signed_tables::FOLDER;
use crate::assure::spoken::Spoken;
use crate::assure::table::Table;
use crate::limits::TABLES_KEPT_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::rules::rules_named;
use crate::policy::Bundle;
use crate::publish::PublishError;

/// Where a rule stands, and what it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleText {
    /// Its file.
    pub path: String,
    /// Its first line there, from 1.
    pub line: usize,
    /// What it says, in one sentence.
    pub title: String,
}

/// Every answer a set of rules gives, with the rules it is made of.
pub struct RulesTables {
    /// The digest of the set.
    pub digest: String,
    /// Is it the set in force?
    pub is_in_force: bool,
    /// The answers.
    pub printed: Arc<PrintedTable>,
    /// The rules, by their names.
    pub rules: BTreeMap<String, RuleText>,
    /// Which files of signed answers there are, by their action.
    pub signed: BTreeMap<String, String>,
}

/// The answers of a set, worked out once where everything is known that callers can say.
fn table_of(pdp: &Pdp, bundle: &Arc<Bundle>) -> Arc<PrintedTable> {
    let digest = bundle.digest().as_str();
    if let Some(known) = pdp.rules.tables.read().unwrap_or_else(PoisonError::into_inner).get(digest) {
        return Arc::clone(known);
    }
    let solver = pdp.settings.terms.solver.as_deref();
    let spoken = Spoken::of(bundle, solver);
    let table = Arc::new(PrintedTable::of(Table::spoken(bundle, &spoken)));
    if spoken.may_say_more(solver) {
        return table;
    }
    let mut tables = pdp.rules.tables.write().unwrap_or_else(PoisonError::into_inner);
    if tables.len() >= TABLES_KEPT_MAX {
        // The rules in force are looked at most.
        let in_force = pdp.rules().digest().to_string();
        let other = tables.keys().find(|known| **known != in_force).cloned();
        other.map(|other| tables.remove(&other));
    }
    tables.insert(digest.to_owned(), Arc::clone(&table));
    table
}

/// Is it a file of rules?
#[must_use]
pub fn is_rules(path: &str) -> bool {
    path.ends_with(".cedar")
}

/// Is it a file of the schema?
#[must_use]
pub fn is_schema(path: &str) -> bool {
    path.ends_with(".cedarschema")
}

impl RulesTables {
    fn of(pdp: &Pdp, bundle: &Arc<Bundle>) -> Self {
        let rules = bundle.rules().map(|rule| {
            let (path, line, title) = (rule.path.clone(), rule.line, rule.title.clone());
            (rule.id.to_string(), RuleText { path, line, title })
        });
        let signed = bundle.files().iter().filter_map(|(path, _)| {
            let action = path.strip_prefix(FOLDER)?.strip_suffix(".md")?;
            Some((action.to_owned(), path.to_owned()))
        });
        Self {
            digest: bundle.digest().to_string(),
            is_in_force: bundle.digest() == pdp.rules().digest(),
            printed: table_of(pdp, bundle),
            rules: rules.collect(),
            signed: signed.collect(),
        }
    }
}

/// Every answer of the rules in force, or of a set that is or was in force, by its digest or the beginning of it.
///
/// # Errors
/// [`PublishError::UnknownRules`], [`PublishError::Ambiguous`]; [`CallError::Denied`] for whoever may not read the
/// rules.
pub async fn tables(
    pdp: &Pdp,
    call: &Call,
    set: Option<&str>,
) -> Result<Response<RulesTables>, CallError<PublishError>> {
    call::read(pdp, call, "readRules", &CallTarget::Installation, |_, _| {
        let bundle = match set {
            None => pdp.rules(),
            Some(digest) => rules_named::<PublishError>(pdp, digest)?
                .ok_or_else(|| PublishError::UnknownRules(digest.to_owned()))?,
        };
        Ok(RulesTables::of(pdp, &bundle))
    })
    .await
}
