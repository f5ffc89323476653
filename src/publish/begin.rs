//! What a server starts with: the store, and the rules that decide over it from then on.

use std::path::Path;

use crate::assure::release::examine;
use crate::assure::spoken::Spoken;
use crate::change::subscription_actions::log_missing;
use crate::clock::SharedClock;
use crate::config::{RulesAt, RulesFrom};
use crate::pdp::in_force::{Activation, last_in_force};
use crate::pdp::opening::{self, Opening};
use crate::pdp::own::{self, Own};
use crate::pdp::rules;
use crate::pdp::{Pdp, PdpError, Terms};
use crate::policy::{Bundle, Digest, Finding, ReadError, RuleFiles, Rulebook, RulesError};
use crate::publish;
use crate::publish::review::Outcome;
use crate::store::{MetadataChanges, Store, StoreError, Why, WriteContext};

/// Where the rules are, as configured when the server starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RulesWanted {
    /// Where they are to come from; nothing where it is not configured, and the store knows.
    pub named: Option<RulesAt>,
    /// Where those of a new store come from when it is not configured.
    pub otherwise: RulesAt,
}

impl From<RulesAt> for RulesWanted {
    fn from(at: RulesAt) -> Self {
        Self { named: Some(at.clone()), otherwise: at }
    }
}

impl RulesWanted {
    /// Where the rules are: as configured, else as the store was configured before. Only a store without rules takes
    /// those that happen to be here, and one that was never configured takes them when it has the same.
    fn over(&self, store: &Store, last: Option<&Bundle>) -> Result<Option<RulesAt>, StoreError> {
        if let Some(named) = &self.named {
            return Ok(Some(named.clone()));
        }
        if let Some(remembered) = store.rules_at()? {
            return Ok(Some(remembered));
        }
        let Some(last) = last else { return Ok(Some(self.otherwise.clone())) };
        let is_same = |files: RuleFiles| Digest::of(&files) == *last.digest();
        let here = RuleFiles::at(&self.otherwise, last.files());
        Ok(here.is_ok_and(is_same).then(|| self.otherwise.clone()))
    }
}

/// The set that decides first in a store: it loads, and a claim bounds what callers say, where that turns an answer.
async fn first_set(files: RuleFiles, solver: Option<&Path>) -> Result<Bundle, RulesError> {
    let bundle = Bundle::load(files, Rulebook::Domain)?;
    if !Spoken::of(&bundle, None).turns_answers() {
        return Ok(bundle);
    }
    let (examined, solver) = (bundle.clone(), solver.map(Path::to_owned));
    // The solver is asked on a thread that may wait.
    let examined = tokio::task::spawn_blocking(move || examine(&examined, None, solver.as_deref())).await;
    let mut findings = match examined {
        Ok(examined) => examined.findings,
        Err(error) => {
            let message = format!("what callers say of it is not known: {error}");
            vec![Finding::whole("policies", message, "start again").refusing_first()]
        }
    };
    findings.retain(|finding| finding.refuses_first);
    if findings.is_empty() { Ok(bundle) } else { Err(RulesError { findings }) }
}

/// Opens the store in `data` for a server whose rules are wanted from somewhere.
///
/// With rules from files the files are activated, and are refused in favour of the last good set when one was in
/// force. The first files ever only have to load, and nothing in them may turn on what callers say without a claim
/// that bounds it: where they break a promise there is nothing better to keep, and the findings are in the log
/// and in their evidence. With rules from publishing the last activated decide, and the files count only when there
/// were none. The folder of the files is stored, and a later start goes on with it.
///
/// # Errors
/// A [`PdpError`]; then nothing is served. Files that cannot be in force are one when no rules ever were, and rules
/// that were in force and do not load any more always are: nothing takes their place unasked.
pub async fn begin(
    data: &Path,
    clock: SharedClock,
    wanted: RulesWanted,
    from: RulesFrom,
    terms: Terms,
) -> Result<Pdp, PdpError> {
    begin_by(data, clock, wanted, from, terms, Opening::default()).await
}

/// Like [`begin`], with the overrides given on the command line.
///
/// # Errors
/// As [`begin`].
pub async fn begin_by(
    data: &Path,
    clock: SharedClock,
    wanted: RulesWanted,
    from: RulesFrom,
    terms: Terms,
    opening: Opening,
) -> Result<Pdp, PdpError> {
    let first = async |at: &RulesAt, solver| {
        let files = RuleFiles::at(at, &RuleFiles::built_in())?;
        Ok::<_, PdpError>((files.clone(), first_set(files, solver).await?))
    };
    let solver = terms.solver.clone();
    // What cannot be begun is refused before anything is written.
    let mut begun = None;
    if !Store::is_in(data) {
        begun = Some(first(wanted.named.as_ref().unwrap_or(&wanted.otherwise), solver.as_deref()).await?);
    }
    let store = opening::store(data, &clock, &opening)?;
    let last = last_in_force(&store)?;
    let at = wanted.over(&store, last.as_ref())?;
    let Some(last) = last else {
        let at = at.unwrap_or(wanted.otherwise);
        let (files, bundle) = match begun {
            Some(begun) => begun,
            None => first(&at, solver.as_deref()).await?,
        };
        let mut pdp = opening::over(store, data, &clock, bundle, terms, &opening)?;
        (pdp.rules.from, pdp.rules.at) = (from, Some(at));
        publish::watched::pass_over(&pdp, files.strays());
        let evidence = examined(&pdp, files).await?;
        let (bundle, by, folder) =
            (pdp.rules(), publish::watched::files_by(&pdp, "start"), publish::watched::folder_said(&pdp));
        let activation =
            Activation { bundle, by, why: Why::Start, proposal: None, evidence, folder, retired: Vec::new() };
        rules::keep(&pdp, activation).await?;
        note_rules_source(&pdp, true).await?;
        opening::note_opening(&pdp).await?;
        log_missing(&pdp.rules());
        return Ok(pdp);
    };
    let files = at.as_ref().map(|at| RuleFiles::at(at, last.files()));
    let is_there = files.as_ref().is_some_and(Result::is_ok);
    let mut pdp = opening::over(store, data, &clock, last, terms, &opening)?;
    (pdp.rules.from, pdp.rules.at) = (from, at);
    match (from, files) {
        (RulesFrom::Files, Some(files)) => drop(publish::watched::take_files(&pdp, files).await?),
        (RulesFrom::Files, None) => tracing::warn!(
            rules = %pdp.rules().digest(),
            "the store has rules and does not know where their files stand; it goes on with those last in force; name the folder with `--rules`, or `--rules built-in` for the set of this program"
        ),
        (RulesFrom::Publishing, files) => {
            publish::schedule::recall_refused(&pdp)?;
            compare(&pdp, files.and_then(Result::ok).as_ref())?;
        }
    }
    note_rules_source(&pdp, is_there).await?;
    opening::note_opening(&pdp).await?;
    log_missing(&pdp.rules());
    Ok(pdp)
}

/// Opens the store in `data` for a command, with the rules that were last in force over it. Where none were it decides
/// by the files that `otherwise` reads, if a server could begin with them.
///
/// # Errors
/// A [`PdpError`]; then nothing is answered.
pub async fn reopen(
    data: &Path,
    clock: SharedClock,
    otherwise: impl FnOnce() -> Result<RuleFiles, ReadError>,
    terms: Terms,
) -> Result<Pdp, PdpError> {
    reopen_by(data, clock, otherwise, terms, &Opening::default()).await
}

/// Takes the clock for right in a store that was just brought back, and records it where the clock is so far ahead of
/// everything in the store that it would be refused.
///
/// # Errors
/// A [`PdpError`]; then the store is as it was.
pub async fn accept_clock(
    data: &Path,
    clock: SharedClock,
    otherwise: impl FnOnce() -> Result<RuleFiles, ReadError>,
    terms: Terms,
) -> Result<(), PdpError> {
    let opening = Opening { accept_clock: true, ..Opening::default() };
    let pdp = reopen_by(data, clock, otherwise, terms, &opening).await?;
    if pdp.store.accepted_clock().is_some() {
        opening::note_opening(&pdp).await?;
    }
    Ok(())
}

async fn reopen_by(
    data: &Path,
    clock: SharedClock,
    otherwise: impl FnOnce() -> Result<RuleFiles, ReadError>,
    terms: Terms,
    opening: &Opening,
) -> Result<Pdp, PdpError> {
    let store = opening::store(data, &clock, opening)?;
    let rules = match last_in_force(&store)? {
        Some(last) => last,
        None => first_set(otherwise()?, terms.solver.as_deref()).await?,
    };
    let mut pdp = opening::over(store, data, &clock, rules, terms, opening)?;
    (pdp.rules.from, pdp.rules.at) = (pdp.store.rules_from()?, pdp.store.rules_at()?);
    pdp.settings.needs_persons = pdp.store.needs_persons()?;
    Ok(pdp)
}

/// Stores where rules come from and, where their files could be read, their folder.
async fn note_rules_source(pdp: &Pdp, is_there: bool) -> Result<(), StoreError> {
    let (from, at) = (pdp.rules.from, pdp.rules.at.clone().filter(|_| is_there));
    let at = if at.is_some() && pdp.store.rules_at()? == at { None } else { at };
    if pdp.store.rules_from()? == from && at.is_none() {
        return Ok(());
    }
    let message = "where the rules come from was noted".to_owned();
    let own = Own { action: "changeSettings", by: String::new(), message };
    let put = move |_: &WriteContext<'_>| {
        let mut metadata = MetadataChanges::default();
        metadata.put_rules_from(from)?;
        if let Some(at) = &at {
            metadata.put_rules_at(at)?;
        }
        Ok(metadata)
    };
    own::write_own(pdp, own, put).await
}

/// The folder of the rules' files; nothing in a store that was never configured.
#[must_use]
pub fn rules_at(pdp: &Pdp) -> Option<&RulesAt> {
    pdp.rules.at.as_ref()
}

/// The current set at the source of the rules; nothing where that is not known.
#[must_use]
pub fn read_files(pdp: &Pdp) -> Option<Result<RuleFiles, ReadError>> {
    pdp.rules.at.as_ref().map(|at| RuleFiles::at(at, pdp.rules().files()))
}

/// Logs what may surprise at a start with rules from publishing.
fn compare(pdp: &Pdp, files: Option<&RuleFiles>) -> Result<(), StoreError> {
    let rules = pdp.rules();
    if files.is_some_and(|files| Digest::of(files) != *rules.digest()) {
        tracing::info!(rules = %rules.digest(), "the folder holds other rules than are in force; propose them");
    }
    if let Some(finding) = publish::reviewed_bundle::last_rules_finding(pdp, &rules)? {
        tracing::warn!(%finding, "start once with `rules_from = \"files\"` to put other rules in force");
    }
    Ok(())
}

/// What is known of the first rules, as JSON. Those built into the program were examined when it was made.
async fn examined(pdp: &Pdp, files: RuleFiles) -> Result<Option<String>, PdpError> {
    if Digest::of(&files) == Digest::of(&RuleFiles::built_in()) {
        return Ok(None);
    }
    let reviewed = publish::reviewed_bundle::review_bundle(pdp, files).await?;
    if reviewed.evidence.outcome == Outcome::Refused {
        for finding in &reviewed.evidence.findings {
            tracing::error!(%finding, "the first rules are in force although this was found; nothing better is there");
        }
    }
    Ok(Some(reviewed.json()?))
}
