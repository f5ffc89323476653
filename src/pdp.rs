//! The frame: where the store and the rules meet, and the two ways to answer a call.
//!
//! Every call is decided by the rules, then done on one revision of the facts, and answered only when the record of it
//! is durable. The rooms over it are free to do nothing else; what is above them knows neither the store nor Cedar.

pub mod absent;
pub(crate) mod archived;
pub mod call;
pub mod cursor;
pub mod heads;
pub mod ledger_key;
pub mod links;
pub mod metrics;
pub mod names;
pub mod opening;
pub(crate) mod own;
pub mod page;
pub(crate) mod refusal;
pub mod rules;
pub mod strange;
pub mod wrong_credentials;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

use heads::BehindError;
use ledger_key::LedgerKeyError;
use links::{LinkRing, LinksError};
use opening::KeysError;

use crate::assure::verdict::Reviewed;
use crate::audit::{LedgerKey, VerifierKey};
use crate::clock::{ClockState, Timestamp};
use crate::config::{RulesAt, RulesFrom};
use crate::decide::{Reason, World, check_schema};
use crate::domain::grant::Multichannel;
use crate::files::{FilesError, disk_of};
use crate::id::Revision;
use crate::limits::{FREE_BYTES_MIN, Limits};
use crate::policy::{Bundle, Digest, ReadError, RulesError};
use crate::store::{Beside, Desk, Store, StoreError};

/// The settings that decide what may happen, besides the rules.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What a second transacting partner's acceptance does.
    pub multichannel: Multichannel,
    /// The limits an operator may set.
    pub limits: Limits,
    /// Where callers reach this service, without a slash at the end.
    pub public_url: String,
    /// What proves claims; without it they are checked on every row.
    pub solver: Option<PathBuf>,
}

/// A policy decision point: a store, the rules in force, and what questions are about.
pub struct Pdp {
    pub(crate) store: Store,
    pub(crate) current: rules::Current,
    pub(crate) rules_from: RulesFrom,
    /// Does whoever approves rules have to be known by another issuer than this service?
    pub(crate) needs_persons: bool,
    /// Where the files of the rules stand.
    pub(crate) rules_at: Option<RulesAt>,
    pub(crate) metrics: metrics::Metrics,
    /// Rules that were in force before, as far as somebody has asked for them; what a digest names never changes.
    pub(crate) past: RwLock<BTreeMap<String, Arc<Bundle>>>,
    /// Whether the rules with a digest refuse strangers everything, as far as a what-if wanted to know.
    pub(crate) strangers: Mutex<Option<(Digest, bool)>>,
    /// Whether the rules with a digest let a kind of partner do an action to what it has nothing to do with.
    pub(crate) strange: strange::StrangeResources,
    pub(crate) world: Option<Arc<(Bundle, World)>>,
    pub(crate) links: Arc<LinkRing>,
    pub(crate) ledger_key: LedgerKey,
    /// What older checkpoints were signed with, where keys were given up.
    pub(crate) former_keys: Vec<VerifierKey>,
    /// The files whose keys were given up as this store was opened.
    pub(crate) replaced_keys: Vec<&'static str>,
    /// Where signed heads of the ledger are kept besides.
    pub(crate) heads: Option<heads::Heads>,
    /// What was kept of a newer store, and given up by hand as this one was opened.
    pub(crate) given_up: Vec<PathBuf>,
    pub(crate) archiving: tokio::sync::Mutex<()>,
    pub(crate) terms: Terms,
    pub(crate) folder: Option<PathBuf>,
    /// What was reviewed last.
    pub(crate) reviewed: Reviewed,
    pub(crate) wrong_credentials: wrong_credentials::WrongCredentials,
}

/// Why a decision point cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum PdpError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rules cannot be put in force.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The files of the rules cannot be read.
    #[error(transparent)]
    Files(#[from] ReadError),
    /// The link keys cannot be read or made.
    #[error(transparent)]
    Links(#[from] LinksError),
    /// The ledger's key cannot be read or made.
    #[error(transparent)]
    LedgerKey(#[from] LedgerKeyError),
    /// A key that the store knows is not there.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store is older than what was kept of it.
    #[error(transparent)]
    Behind(#[from] BehindError),
    /// Others may write or read what they must not.
    #[error(transparent)]
    Unsafe(#[from] FilesError),
    /// The rules in force do not let a server start so.
    #[error("the rules in force do not let whoever starts this server say so by hand: {0}")]
    NotStarted(String),
}

impl Pdp {
    /// A decision point over a store that is open already; its ledger is signed with a key that is kept nowhere.
    ///
    /// # Errors
    /// [`PdpError::Rules`] when the schema does not hold the stored facts.
    pub fn of(store: Store, links: LinkRing, rules: Bundle, terms: Terms) -> Result<Self, PdpError> {
        check_schema(&rules).map_err(|finding| RulesError { findings: vec![finding] })?;
        let metrics = metrics::Metrics::new();
        Ok(Self {
            current: rules::Current::of(rules, &store, metrics.swaps.clone()),
            store,
            rules_from: RulesFrom::default(),
            needs_persons: false,
            rules_at: None,
            metrics,
            past: RwLock::default(),
            strangers: Mutex::default(),
            strange: strange::StrangeResources::default(),
            world: None,
            links: Arc::new(links),
            ledger_key: ledger_key::make()?,
            former_keys: Vec::new(),
            replaced_keys: Vec::new(),
            heads: None,
            given_up: Vec::new(),
            archiving: tokio::sync::Mutex::default(),
            terms,
            folder: None,
            reviewed: Reviewed::default(),
            wrong_credentials: wrong_credentials::WrongCredentials::default(),
        })
    }

    /// Has questions answered about a world of its own instead of the stored facts.
    #[must_use]
    pub fn with_world(mut self, rules: Bundle, world: World) -> Self {
        self.world = Some(Arc::new((rules, world)));
        self
    }

    /// Has rules come in force by publishing them instead of from files.
    #[must_use]
    pub fn publishing(self) -> Self {
        Self { rules_from: RulesFrom::Publishing, ..self }
    }

    /// Says whether whoever approves rules has to be known by another issuer than this service; commands that open the
    /// store themselves heed it too.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be kept.
    pub async fn with_needs_persons(self, needs_persons: bool) -> Result<Self, StoreError> {
        if self.store.needs_persons()? != needs_persons {
            let message = format!("approval needs a person of another issuer: {needs_persons}");
            let own = own::Own { action: "changeSettings", by: String::new(), message };
            let put = move |_: &Desk<'_>| {
                let mut beside = Beside::default();
                beside.put_needs_persons(needs_persons)?;
                Ok(beside)
            };
            self.write_own(own, put).await?;
        }
        Ok(Self { needs_persons, ..self })
    }

    /// The rules in force for our own domain and for the calls of this service.
    #[must_use]
    pub fn rules(&self) -> Arc<Bundle> {
        self.current.newest(&self.store)
    }

    /// Every reason a no can have by the rules in force, and by those of a world of its own.
    #[must_use]
    pub fn reasons(&self) -> BTreeSet<String> {
        let (rules, world) = (self.rules(), self.world.as_deref());
        let bundles = world.map(|(rules, _)| rules).into_iter().chain([&*rules]);
        bundles.flat_map(Reason::all_of).map(str::to_owned).collect()
    }

    /// The digest of the rules that answer questions.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match &self.world {
            Some(world) => world.0.digest().clone(),
            None => self.rules().digest().clone(),
        }
    }

    /// Is a world of its own served, so that there are no relationships?
    #[must_use]
    pub fn has_world(&self) -> bool {
        self.world.is_some()
    }

    /// A file for what comes in before it is read, gone when it is dropped.
    ///
    /// # Errors
    /// What the system says.
    pub fn spool(&self) -> std::io::Result<std::fs::File> {
        match &self.folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        }
    }

    /// The newest revision of the facts.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.store.revision()
    }

    /// Now, and never before anything that is stored.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.store.now()
    }

    /// Whether the machine's clock can be true.
    #[must_use]
    pub fn clock_state(&self) -> ClockState {
        self.store.clock_state()
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.terms.limits
    }

    /// Where callers reach this service.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.terms.public_url
    }

    /// Can records be written? Writes as much as one takes, on a disk that has room for more than that: in the last bytes
    /// of a disk one write may find room and the next one none.
    ///
    /// # Errors
    /// [`StoreError`] while they cannot.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.store.check_clock()?;
        let free = self.folder.as_deref().and_then(disk_of).map(|disk| disk.free);
        if let Some(free) = free.filter(|free| *free < FREE_BYTES_MIN) {
            let message =
                format!("the disk has {free} bytes left, and `{FREE_BYTES_MIN}` are kept for what is written");
            return Err(StoreError::Unusable(message));
        }
        // A disk that is full is not known to be before something is written.
        self.store.probe().await
    }

    /// How many records the ledger holds.
    ///
    /// # Errors
    /// [`StoreError`] when the ledger cannot be read.
    pub fn records(&self) -> Result<u64, StoreError> {
        self.store.records()
    }
}
