//! Rules from a folder: what a server starts with, and what becomes of each change to the files.

use std::path::Path;
use std::sync::Arc;

use super::opening::{self, Opening};
use super::rules::{Coming, Current, RefusedRules, last_in_force};
use super::subscription_actions::log_missing;
use super::{Outcome, Pdp, PdpError, Terms};
use crate::clock::SharedClock;
use crate::config::RulesFrom;
use crate::policy::{Bundle, Digest, Finding, ReadError, RuleFiles, Rulebook};
use crate::store::{Beside, Store, StoreError, Why, Work};

/// What became of files that were read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// They say what is in force, or what was refused before.
    Same,
    /// They are in force now.
    InForce,
    /// They are refused; what was in force still is.
    Refused,
}

impl Pdp {
    /// Opens the store in `data` for a server that starts with some files.
    ///
    /// With rules from files the files come in force, and are refused in favour of the last good set when one was in
    /// force. The first files ever only have to load: where they break a promise there is nothing better to keep, and
    /// what was found stands in the log and in their evidence. With rules from publishing the last in force are, and the files count only when none were.
    ///
    /// # Errors
    /// A [`PdpError`]; then nothing is served. Files that cannot be in force are one when no rules ever were.
    pub async fn begin(
        data: &Path,
        clock: SharedClock,
        files: Result<RuleFiles, ReadError>,
        from: RulesFrom,
        terms: Terms,
    ) -> Result<Self, PdpError> {
        Self::begin_by(data, clock, files, from, terms, Opening::default()).await
    }

    /// The same, with what whoever starts the server says by hand.
    ///
    /// # Errors
    /// As [`Pdp::begin`].
    pub async fn begin_by(
        data: &Path,
        clock: SharedClock,
        files: Result<RuleFiles, ReadError>,
        from: RulesFrom,
        terms: Terms,
        opening: Opening,
    ) -> Result<Self, PdpError> {
        // What cannot be begun is refused before anything is written.
        let files =
            if Store::is_in(data) { files } else { Ok(Bundle::load(files?, Rulebook::Domain)?.files().clone()) };
        let store = opening::store(data, &clock, opening)?;
        let last = match last_in_force(&store) {
            Err(error @ StoreError::Unreadable(_)) if from == RulesFrom::Files => {
                tracing::warn!(%error, "the rules that were last in force cannot be; the files are");
                None
            }
            last => last?,
        };
        let pdp = match last {
            None => {
                let files = files?;
                let mut pdp =
                    Self::over(store, data, &clock, Bundle::load(files.clone(), Rulebook::Domain)?, terms, opening)?;
                pdp.rules_from = from;
                let evidence = pdp.examined(files).await?;
                let coming =
                    Coming { bundle: pdp.rules(), by: "start".to_owned(), why: Why::Start, proposal: None, evidence };
                pdp.keep(coming).await?;
                pdp
            }
            Some(last) => {
                let mut pdp = Self::over(store, data, &clock, last, terms, opening)?;
                pdp.rules_from = from;
                match from {
                    RulesFrom::Files => {
                        pdp.take_files(files).await?;
                    }
                    RulesFrom::Publishing => {
                        pdp.recall_refused()?;
                        pdp.compare(files.ok().as_ref())?;
                    }
                }
                pdp
            }
        };
        pdp.note_rules_from().await?;
        pdp.note_opening().await?;
        log_missing(&pdp.rules());
        Ok(pdp)
    }

    /// Notes where rules come from, for commands that open the store themselves.
    async fn note_rules_from(&self) -> Result<(), StoreError> {
        let from = self.rules_from;
        if self.store.rules_from()? == from {
            return Ok(());
        }
        let written = self.store.change(move |_| {
            let mut beside = Beside::default();
            beside.put_rules_from(from)?;
            Ok(Work { change: None, by: String::new(), records: Vec::new(), remember: None, beside, value: () })
        });
        written.await.map(|_| ())
    }

    /// Says in the log what whoever starts with rules from publishing may not expect.
    fn compare(&self, files: Option<&RuleFiles>) -> Result<(), StoreError> {
        let rules = self.rules();
        if files.is_some_and(|files| Digest::of(files) != *rules.digest()) {
            tracing::info!(rules = %rules.digest(), "the folder holds other rules than are in force; propose them");
        }
        if let Some(finding) = self.leaves_a_way_on(&rules)? {
            tracing::warn!(%finding, "start once with `rules_from = \"files\"` to put other rules in force");
        }
        Ok(())
    }

    /// What is known of the first rules, as JSON. Those built into the program were examined when it was made.
    async fn examined(&self, files: RuleFiles) -> Result<Option<String>, PdpError> {
        if Digest::of(&files) == Digest::of(&RuleFiles::built_in()) {
            return Ok(None);
        }
        let weighed = self.weigh(files).await?;
        if weighed.evidence.outcome == Outcome::Refused {
            for finding in &weighed.evidence.findings {
                tracing::error!(%finding, "the first rules are in force although this was found; nothing better is there");
            }
        }
        Ok(Some(weighed.json()?))
    }

    /// Takes the files of the folder as they are now: a good set is kept and then decides, a bad one changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when a good set cannot be kept or the facts cannot be read; then nothing changes, and it may be
    /// tried again.
    pub async fn take_files(&self, files: Result<RuleFiles, ReadError>) -> Result<Taken, StoreError> {
        let files = match files {
            Ok(files) => files,
            Err(error) => {
                let finding = Finding::whole("policies", error.to_string(), "mend it; it is read again");
                return Ok(self.refuse_files(None, vec![finding]));
            }
        };
        let digest = Digest::of(&files);
        if digest == *self.rules().digest() {
            self.current.refuse(None);
            return Ok(Taken::Same);
        }
        if self.current.refused().is_some_and(|refused| refused.digest.as_deref() == Some(digest.as_str())) {
            return Ok(Taken::Same);
        }
        let (bundle, evidence) = if digest == Digest::of(&RuleFiles::built_in()) {
            match Bundle::load(files, Rulebook::Domain) {
                Ok(bundle) => (Some(Arc::new(bundle)), None),
                Err(error) => return Ok(self.refuse_files(Some(digest), error.findings)),
            }
        } else {
            let weighed = self.weigh(files).await?;
            let evidence = weighed.json()?;
            if weighed.bundle.is_none() {
                return Ok(self.refuse_files(Some(digest), told(weighed.evidence.findings)));
            }
            // Nobody is there to say why what the solver did not settle is accepted.
            let undecided = weighed.evidence.undecided();
            if !undecided.is_empty() {
                return Ok(self.refuse_files(Some(digest), undecided));
            }
            (weighed.bundle, Some(evidence))
        };
        let Some(bundle) = bundle else { return Ok(Taken::Same) };
        self.keep(Coming { bundle, by: "files".to_owned(), why: Why::Files, proposal: None, evidence }).await?;
        Ok(Taken::InForce)
    }

    fn refuse_files(&self, digest: Option<Digest>, findings: Vec<Finding>) -> Taken {
        let digest = digest.map(|digest| digest.to_string());
        if self.current.refused().is_some_and(|known| known.digest == digest && known.findings == findings) {
            return Taken::Same;
        }
        self.refuse(RefusedRules { digest, at: self.store.now(), findings, proposal: None });
        Taken::Refused
    }

    /// Says in the log and to whoever asks that rules were refused.
    pub(super) fn refuse(&self, refused: RefusedRules) {
        let findings: Vec<String> = refused.findings.iter().map(ToString::to_string).collect();
        tracing::error!(
            rules = refused.digest.as_deref().unwrap_or("unreadable"),
            proposal = refused.proposal,
            in_force = %self.rules().digest(),
            findings = findings.join("; "),
            "rules were refused, and those in force still are"
        );
        self.metrics.refused();
        self.current.refuse(Some(refused));
    }
}

/// What is said of rules that were refused: at least that they were.
pub(super) fn told(mut findings: Vec<Finding>) -> Vec<Finding> {
    if findings.is_empty() {
        findings.push(Finding::whole("policies", "the rules were refused", "review them to see what was found"));
    }
    findings
}

impl Current {
    /// Is there something that was refused in place of what is in force?
    pub(super) fn has_refused(&self) -> bool {
        self.refused().is_some()
    }
}
