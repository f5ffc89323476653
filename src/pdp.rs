//! The frame: where the store and the rules meet, and the two ways to answer a call.
//!
//! Every call is decided by the rules, then done on one revision of the facts, and answered only when the record of it
//! is durable. The rooms over it are free to do nothing else; what is above them knows neither the store nor Cedar.

pub mod absent;
pub(crate) mod archived;
pub mod cursor;
pub mod heads;
pub mod ledger_key;
pub mod links;
pub mod keys;
pub(crate) mod jobs;
pub mod in_force;
pub mod attempts;
pub(crate) mod credentials_minute;
pub(crate) mod known_tokens;
pub(crate) mod token_uses;
pub(crate) mod room;
pub mod examiner;
pub mod span_queue;
pub mod metrics;
pub mod names;
pub(crate) mod own;
pub(crate) mod reach;
pub mod ready;
pub mod spans;
pub mod refusal;
pub mod call;
pub(crate) mod refused;
pub mod opening;
pub mod rules;
pub mod page;
pub mod guessing;
pub mod wrong_credentials;
pub mod figures;
pub mod reload;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::clock::{ClockState, Timestamp};
use crate::config::pages::SessionSettings;
use crate::config::{ForwardAuth, RulesFrom};
use crate::decide::{World, check_schema};
use crate::domain::grant::Multichannel;
use crate::files::FilesError;
use crate::id::Revision;
use crate::limits::{COMPARE_ONE_IN, Limits};
use crate::policy::{Bundle, Digest, ReadError, RulesError};
use crate::store::{Store, StoreError};
use crate::trust::Trust;
use attempts::Attempts;
use examiner::Examiner;
use heads::{BehindError, Heads};
use in_force::{Current, Rules};
use keys::{Keys, KeysError};
use known_tokens::KnownTokens;
use ledger_key::LedgerKeyError;
use links::{LinkRing, LinksError};
use metrics::Metrics;
use room::Room;
use span_queue::Spans;
use token_uses::TokenUses;

/// The settings that, with the rules, determine what may happen.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What a second transacting partner's acceptance does.
    pub multichannel: Multichannel,
    /// The limits an operator may set, as they are at first.
    pub limits: Limits,
    /// Where callers reach this service, without a slash at the end.
    pub public_url: String,
    /// What proves claims; without it they are checked on every row.
    pub solver: Option<PathBuf>,
}

/// What holds for as long as a decision point is open.
pub(crate) struct Settings {
    pub(crate) terms: Terms,
    /// The limits in force.
    pub(crate) limits: RwLock<Limits>,
    /// Does whoever approves rules have to be known by another issuer than this service?
    pub(crate) needs_persons: bool,
    /// How long sessions of people on pages last.
    pub(crate) sessions: SessionSettings,
    /// The data directory; nothing where the store is handed in.
    pub(crate) folder: Option<PathBuf>,
    /// Where copies of the signed heads of the ledger are written.
    pub(crate) heads: Option<Heads>,
    /// What was kept of a newer store, and given up by hand as this one was opened.
    pub(crate) given_up: Vec<PathBuf>,
    /// Held by whoever archives: one at a time.
    pub(crate) archiving: tokio::sync::Mutex<()>,
    /// Which calls that a proxy passes on are which questions.
    pub(crate) forward_auth: Option<ForwardAuth>,
    /// Where the spans of calls go, if they are followed.
    pub(crate) spans: Option<Spans>,
    /// The access tokens that calls came with lately.
    pub(crate) known_tokens: KnownTokens,
    /// Are there pages for people, so that the link of a partner's email is the address of one?
    pub(crate) has_pages: bool,
    /// When these were last used.
    pub(crate) token_uses: TokenUses,
    /// Where wrong proofs of who calls came from lately.
    pub(crate) attempts: Attempts,
    /// Whose word about a caller is taken.
    pub(crate) trust: Arc<Trust>,
    /// Which answers of the table of decisions are decided by the rules as well.
    pub(crate) comparing: Comparing,
    /// What examines candidates in processes of their own; nothing where this one does.
    pub(crate) examiner: Option<Examiner>,
    pub(crate) room: Room,
}

/// One answer of the table in so many is decided by the rules as well; none where it is 0.
pub(crate) struct Comparing {
    one_in: u64,
    answers: AtomicU64,
}

impl Comparing {
    fn one_in(one_in: u64) -> Self {
        Self { one_in, answers: AtomicU64::default() }
    }

    /// Is the next answer one of them?
    pub(crate) fn is_due(&self) -> bool {
        self.one_in > 0 && (self.answers.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(self.one_in)
    }
}

/// A policy decision point: a store, the rules in force, and what questions are about.
pub struct Pdp {
    pub(crate) store: Store,
    pub(crate) rules: Rules,
    pub(crate) keys: Keys,
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
}

/// Why a decision point cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum PdpError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rules cannot be activated.
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
    /// A restore is under way in the data directory, or was cut off.
    #[error("a restore into `{}` is under way or was cut off; wait for it, or remove everything in it and restore again", .0.display())]
    Restoring(PathBuf),
    /// The rules in force do not let a server start so.
    #[error("the rules in force do not let whoever starts this server say so by hand: {0}")]
    NotStarted(String),
}

impl Pdp {
    /// A decision point over a store that is open already; its ledger is signed with a key that is not stored.
    ///
    /// # Errors
    /// [`PdpError::Rules`] when the schema does not hold the stored facts.
    pub fn of(store: Store, links: LinkRing, rules: Bundle, terms: Terms) -> Result<Self, PdpError> {
        let (links, former, replaced) = (Arc::new(links), Vec::new(), Vec::new());
        Self::with_keys(store, Keys { links, ledger: ledger_key::make()?, former, replaced }, rules, terms)
    }

    fn with_keys(store: Store, keys: Keys, rules: Bundle, terms: Terms) -> Result<Self, PdpError> {
        check_schema(&rules).map_err(|finding| RulesError { findings: vec![finding] })?;
        let metrics = Metrics::new(store.commits());
        let rules = Rules::of(Current::of(rules, &store, metrics.swaps.clone()));
        let settings = Settings {
            limits: RwLock::new(terms.limits),
            terms,
            needs_persons: false,
            sessions: SessionSettings::default(),
            folder: None,
            heads: None,
            given_up: Vec::new(),
            archiving: tokio::sync::Mutex::default(),
            forward_auth: None,
            spans: None,
            known_tokens: KnownTokens::of(&store),
            attempts: Attempts::of(&store),
            has_pages: false,
            token_uses: TokenUses::default(),
            trust: Arc::default(),
            comparing: Comparing::one_in(COMPARE_ONE_IN),
            examiner: None,
            room: Room::default(),
        };
        Ok(Self { store, rules, keys, settings, metrics })
    }

    /// Has questions answered about a world of its own instead of the stored facts.
    #[must_use]
    pub fn with_world(mut self, rules: Bundle, world: World) -> Self {
        self.rules.world = Some(Arc::new((rules, world)));
        self
    }

    /// Has one answer of the table of decisions in so many decided by the rules as well; none where it is 0.
    #[must_use]
    pub fn comparing(mut self, one_in: u64) -> Self {
        self.settings.comparing = Comparing::one_in(one_in);
        self
    }

    /// Activates rules by publishing them instead of from files.
    #[must_use]
    pub fn publishing(mut self) -> Self {
        self.rules.from = RulesFrom::Publishing;
        self
    }

    /// The rules in force for our own domain and for the calls of this service.
    #[must_use]
    pub fn rules(&self) -> Arc<Bundle> {
        self.rules.current.newest(&self.store)
    }

    /// The digest of the rules that answer questions.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match &self.rules.world {
            Some(world) => world.0.digest().clone(),
            None => self.rules().digest().clone(),
        }
    }

    /// Is a world of its own served, so that there are no relationships?
    #[must_use]
    pub fn has_world(&self) -> bool {
        self.rules.world.is_some()
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
    pub fn limits(&self) -> Limits {
        *self.settings.limits.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where callers reach this service.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.settings.terms.public_url
    }

    /// How many records the ledger holds.
    ///
    /// # Errors
    /// [`StoreError`] when the ledger cannot be read.
    pub fn records(&self) -> Result<u64, StoreError> {
        self.store.records()
    }
}
