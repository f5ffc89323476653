//! Publishing rules: proposed by one, approved by another, in force at once or later, and called back.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use standing::answer::past::ReadOptions;
use standing::audit::Record;
use standing::caller::{Caller, Identity, Person, Proof};
use standing::change::tokens::{NewToken, Speaker};
use standing::clock::{Clock as _, SharedClock, Stopped, System, Timestamp};
use standing::config::{RulesAt, RulesFrom};
use standing::facts::Role;
use standing::pdp::call::{Call, CallError, Coded, Committed};
use standing::pdp::links::LinkRing;
use standing::pdp::opening::Opening;
use standing::pdp::{Pdp, Terms, ready, rules};
use standing::policy::{Bundle, Digest, RuleFiles, Rulebook};
use standing::publish::approval::Approving;
use standing::publish::proposal::Proposing;
use standing::publish::rollback::{RolledBack, RollingBack};
use standing::publish::{self, ProposalReport, PublishError};
use standing::question::{Entity, Question};
use standing::store::{MetadataChanges, ProposalState, Store, Work};
use standing::{answer, change, evidence};
use tempfile::TempDir;

use crate::server::{Answer, Server, question, standing};
use crate::shipped::TIGHTER;
use crate::stage::{BEGIN, operator, terms, time};

const BILLS: &str = "policies/may/receive-bill.cedar";

pub type Files = BTreeMap<String, String>;

pub fn shipped() -> Files {
    RuleFiles::built_in().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// The shipped rules with a remark, so that they decide as before under another digest.
pub fn remarked(remark: &str) -> Files {
    let mut files = shipped();
    files.insert(BILLS.to_owned(), format!("{}// {remark}\n", files[BILLS]));
    files
}

/// The shipped rules, and that a transition needs delegated administration too.
pub fn tightened() -> Files {
    let mut files = shipped();
    files.insert(TIGHTER.0.to_owned(), TIGHTER.1.to_owned());
    files
}

fn digest(files: &Files) -> String {
    Digest::of(&files.clone().into_iter().collect()).to_string()
}

pub fn by(id: &str) -> Call {
    as_role(id, Role::Reviewer)
}

fn as_role(id: &str, role: Role) -> Call {
    let caller = Caller::Operator { id: id.to_owned(), role };
    Call::by(Identity {
        caller,
        person: Some(Person::of_token(id)),
        proof: Proof::Token { id: id.parse().unwrap() },
        until: None,
    })
}

fn to(digest: &str) -> RollingBack {
    RollingBack { to: digest.to_owned(), comment: None }
}

/// A decision point that publishes, on a folder and with a clock of its own.
struct Press {
    pdp: Arc<Pdp>,
    clock: Arc<Stopped>,
    folder: TempDir,
}

impl Press {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Stopped::at(time(BEGIN)));
        let pdp = Self::open(folder.path(), &clock, RulesFrom::Publishing).await;
        Self { pdp, clock, folder }
    }

    async fn open(data: &Path, clock: &Arc<Stopped>, from: RulesFrom) -> Arc<Pdp> {
        let shared: SharedClock = Arc::<Stopped>::clone(clock);
        let twice = Opening { each_change_twice: true, ..Opening::default() };
        Arc::new(publish::begin::begin_by(data, shared, RulesAt::BuiltIn.into(), from, terms(), twice).await.unwrap())
    }

    /// The process dies and starts again.
    async fn again(self) -> Self {
        let Self { pdp, clock, folder } = self;
        drop(Arc::into_inner(pdp).unwrap());
        let pdp = Self::open(folder.path(), &clock, RulesFrom::Publishing).await;
        Self { pdp, clock, folder }
    }

    async fn proposes(&self, who: &str, files: Files) -> ProposalReport {
        publish::proposal::propose(&self.pdp, &by(who), Proposing { files, ..Proposing::default() })
            .await
            .unwrap()
            .value
    }

    async fn approves(&self, who: &str, id: u64) -> Result<Committed<ProposalReport>, CallError<PublishError>> {
        publish::approval::approve(&self.pdp, &by(who), id, accepted()).await
    }

    /// A reviewer with a token that is kept, as one has who comes in from outside.
    async fn reviewer(&self, expires: Option<Timestamp>) -> (standing::id::TokenId, Call) {
        let new = NewToken { expires, ..NewToken::of(Speaker::Role(Role::Reviewer)) };
        let issued = change::tokens::create_token(&self.pdp, &operator(), new).await.unwrap().value;
        let identity = change::tokens::authenticate(&self.pdp, &issued.token).unwrap().unwrap();
        (issued.id, Call::by(identity))
    }

    /// A proposal that somebody approved for the second of January.
    async fn scheduled(&self, approver: &Call) -> u64 {
        let id = self.proposes("ada", tightened()).await.id;
        let later = Approving { activate_at: at("2026-01-02T00:00:00Z"), ..accepted() };
        let approved = publish::approval::approve(&self.pdp, approver, id, later).await.unwrap().value;
        assert_eq!(approved.state, ProposalState::Scheduled);
        id
    }

    /// Proposed by one and approved by another.
    async fn publishes(&self, files: Files) -> String {
        let id = self.proposes("ada", files).await.id;
        self.approves("bob", id).await.unwrap().value.digest
    }

    fn digest(&self) -> String {
        self.pdp.digest().to_string()
    }

    async fn history(&self) -> Vec<String> {
        let page = publish::report::rules_history(&self.pdp, &operator(), 1_000, None).await.unwrap();
        page.value.items.into_iter().map(|entry| entry.digest).collect()
    }

    async fn record(&self, seq: standing::id::Seq) -> Record {
        let bytes = evidence::ledger::decision(&self.pdp, &operator(), seq).await.unwrap().value.unwrap();
        Record::from_bytes(&bytes.record).unwrap()
    }

    async fn state(&self, id: u64) -> ProposalState {
        publish::proposal::proposal(&self.pdp, &operator(), id).await.unwrap().value.state
    }
}

pub fn accepted() -> Approving {
    Approving { unproved: Some("the table was read".to_owned()), ..Approving::default() }
}

fn at(text: &str) -> Option<Timestamp> {
    Some(time(text))
}

#[track_caller]
pub fn code<T: std::fmt::Debug, E: Coded + std::fmt::Debug>(result: Result<T, CallError<E>>) -> &'static str {
    match result {
        Err(CallError::Refused(error)) => error.code(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_what_it_proposed_and_somebody_else_does() {
    let press = Press::new().await;
    let proposed = press.proposes("ada", tightened()).await;
    assert_eq!((proposed.state, proposed.base.as_str()), (ProposalState::Open, press.digest().as_str()));
    assert_eq!(code(press.approves("ada", proposed.id).await), "same_identity");
    // Another role under the same name is the same identity.
    let promoted = as_role("ada", Role::Operator);
    assert_eq!(code(publish::approval::approve(&press.pdp, &promoted, proposed.id, accepted()).await), "same_identity");
    let auditor = as_role("eve", Role::Auditor);
    let refused = publish::approval::approve(&press.pdp, &auditor, proposed.id, accepted()).await;
    assert!(matches!(refused, Err(CallError::Denied(_))), "{refused:?}");
    assert_eq!(press.history().await.len(), 1);
    let approved = press.approves("bob", proposed.id).await.unwrap().value;
    assert_eq!(approved.state, ProposalState::Activated);
    assert_eq!(approved.approval.unwrap().by, "reviewer:bob");
    assert_eq!((press.digest(), press.history().await[1].clone()), (approved.digest.clone(), approved.digest.clone()));
    assert_eq!(code(press.approves("cid", proposed.id).await), "proposal_closed");
    assert_eq!(code(press.approves("cid", 99).await), "unknown_proposal");
    let press = press.again().await;
    assert_eq!(press.digest(), approved.digest, "a restart keeps it");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_without_a_proof_need_a_word_and_the_ledger_remembers_it() {
    let press = Press::new().await;
    let proposed = press.proposes("ada", remarked("a")).await;
    let is_proved = proposed.evidence.unwrap()["outcome"] == "proved";
    if !is_proved {
        assert_eq!(
            code(publish::approval::approve(&press.pdp, &by("bob"), proposed.id, Approving::default()).await),
            "not_proved"
        );
    }
    let silent = Approving { unproved: Some(" ".to_owned()), ..Approving::default() };
    assert_eq!(code(publish::approval::approve(&press.pdp, &by("bob"), proposed.id, silent).await), "invalid_text");
    let approved = press.approves("bob", proposed.id).await.unwrap();
    let record = press.record(approved.seqs[0]).await;
    let said = serde_json::to_value(&record.question.context).unwrap();
    assert_eq!(said["unproved"], "the table was read");
    assert_eq!((said["proposal"].as_u64(), said["digest"].as_str()), (Some(1), Some(proposed.digest.as_str())));
    assert_eq!(record.question.action.name, "Api::approveRules");
    assert_eq!(serde_json::to_value(&record.outcome).unwrap(), "done");
    assert_eq!(record.rules.as_str(), proposed.base, "it was decided by the rules of before");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_everything_is_proved_nothing_is_accepted_without_a_proof() {
    let Some(solver) = crate::proofs::solver() else { return };
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(Stopped::at(time(BEGIN))));
    let shared: SharedClock = Arc::<Stopped>::clone(&clock);
    let terms = Terms { solver: Some(solver), ..terms() };
    let at = RulesAt::BuiltIn.into();
    let pdp = Arc::new(publish::begin::begin(folder.path(), shared, at, RulesFrom::Publishing, terms).await.unwrap());
    let press = Press { pdp, clock, folder };
    let id = press.proposes("ada", remarked("a")).await.id;
    let refused = press.approves("bob", id).await;
    assert_eq!(code(refused), "nothing_unproved");
    assert_eq!(press.state(id).await, ProposalState::Open);
    let approved = publish::approval::approve(&press.pdp, &by("bob"), id, Approving::default()).await.unwrap();
    assert_eq!(approved.value.approval.unwrap().unproved, None);
    assert!(press.record(approved.seqs[0]).await.question.context.get("unproved").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_without_a_proof_and_is_proved_when_its_time_comes_says_nothing_of_it() {
    let Some(solver) = crate::proofs::solver() else { return };
    let press = Press::new().await;
    let id = press.scheduled(&press.reviewer(None).await.1).await;
    let Press { pdp, clock, folder } = press;
    drop(Arc::into_inner(pdp).unwrap());
    let shared: SharedClock = Arc::<Stopped>::clone(&clock);
    let (at, terms) = (RulesAt::BuiltIn.into(), Terms { solver: Some(solver), ..terms() });
    let pdp = Arc::new(publish::begin::begin(folder.path(), shared, at, RulesFrom::Publishing, terms).await.unwrap());
    let press = Press { pdp, clock, folder };
    press.clock.set(time("2026-01-02T00:00:00Z"));
    let records = press.pdp.records().unwrap();
    assert_eq!(publish::schedule::activate_due(&press.pdp).await.unwrap(), Some((id, true)));
    let record = press.record(standing::id::Seq(records + 1)).await;
    assert_eq!(record.question.action.name, "Api::approveRules");
    assert_eq!(record.question.context.get("unproved"), None);
    let proposal = publish::proposal::proposal(&press.pdp, &operator(), id).await.unwrap().value;
    assert_eq!(proposal.approval.unwrap().unproved, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rules_are_not_proposed_and_a_review_keeps_nothing() {
    let press = Press::new().await;
    let mut files = shipped();
    files.insert(BILLS.to_owned(), "permit (principal, action, resource);".to_owned());
    let reviewed = publish::proposal::review(&press.pdp, &by("ada"), files.clone()).await.unwrap();
    assert!(!reviewed.value.findings.is_empty());
    assert_eq!(reviewed.seqs.len(), 1);
    let proposing = Proposing { files, ..Proposing::default() };
    let refused = publish::proposal::propose(&press.pdp, &by("ada"), proposing).await;
    let Err(CallError::Refused(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.code(), "rules_refused");
    assert!(error.to_string().contains(BILLS), "{error}");
    assert_eq!(error.evidence().unwrap()["findings"][0]["path"], BILLS);
    for path in ["policies/../x.cedar", "/etc/passwd", "x.cedar", "policies/may/x.txt", "policies//x.cedar"] {
        let files = Files::from([(path.to_owned(), String::new())]);
        assert_eq!(code(publish::proposal::review(&press.pdp, &by("ada"), files).await), "invalid_rule_file", "{path}");
    }
    assert_eq!(
        code(
            publish::proposal::propose(&press.pdp, &by("ada"), Proposing { files: shipped(), ..Proposing::default() })
                .await
        ),
        "already_in_force"
    );
    assert!(publish::proposal::proposals(&press.pdp, &operator(), 10, None).await.unwrap().value.items.is_empty());
    // Without schemas they are those in force.
    let mut files = remarked("no schemas");
    files.retain(|path, _| path.starts_with("policies/"));
    let reviewed = publish::proposal::review(&press.pdp, &by("ada"), files).await.unwrap().value;
    assert_eq!(reviewed.candidate.as_str(), digest(&remarked("no schemas")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_for_later_comes_in_force_then_also_after_a_restart() {
    let press = Press::new().await;
    let first = press.digest();
    let proposing = Proposing { files: tightened(), activate_at: at("2026-01-02T00:00:00Z"), ..Proposing::default() };
    let id = publish::proposal::propose(&press.pdp, &by("ada"), proposing).await.unwrap().value.id;
    let past = Approving { activate_at: at("2025-01-01T00:00:00Z"), ..accepted() };
    assert_eq!(code(publish::approval::approve(&press.pdp, &by("bob"), id, past).await), "activation_time_passed");
    let (_, bob) = press.reviewer(None).await;
    let approved = publish::approval::approve(&press.pdp, &bob, id, accepted()).await.unwrap().value;
    assert_eq!(approved.state, ProposalState::Scheduled);
    let other = press.proposes("ada", remarked("other")).await.id;
    let later = Approving { activate_at: at("2026-01-03T00:00:00Z"), ..accepted() };
    assert_eq!(code(publish::approval::approve(&press.pdp, &by("bob"), other, later).await), "already_scheduled");
    press.clock.set(time("2026-01-01T23:59:59.999Z"));
    assert_eq!(publish::schedule::activate_due(&press.pdp).await.unwrap(), None);
    assert_eq!(publish::schedule::activation_within(&press.pdp).unwrap(), Some(Duration::from_millis(1)));
    let press = press.again().await;
    assert_eq!(press.digest(), first);
    let status = publish::report::rules_status(&press.pdp, &operator()).await.unwrap().value;
    assert_eq!(status.scheduled.unwrap().proposal, id);
    press.clock.set(time("2026-01-02T00:00:00Z"));
    assert_eq!(publish::schedule::activation_within(&press.pdp).unwrap(), Some(Duration::ZERO));
    let records = press.pdp.records().unwrap();
    assert_eq!(publish::schedule::activate_due(&press.pdp).await.unwrap(), Some((id, true)));
    assert_eq!(press.digest(), digest(&tightened()));
    let record = press.record(standing::id::Seq(records + 1)).await;
    assert_eq!(record.caller, bob.caller, "it is recorded as the approval it is");
    assert_eq!((record.person, record.proof), (bob.person, Some(Proof::Service)));
    assert_eq!(record.question.context["activateAt"], "2026-01-02T00:00:00Z");
    assert_eq!(
        (
            publish::schedule::activate_due(&press.pdp).await.unwrap(),
            publish::schedule::activation_within(&press.pdp).unwrap()
        ),
        (None, None)
    );
    assert_eq!(press.state(id).await, ProposalState::Activated);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_come_in_force_any_more_does_not_and_that_is_said() {
    let press = Press::new().await;
    let id = press.scheduled(&press.reviewer(None).await.1).await;
    let moved = press.publishes(remarked("in between")).await;
    press.clock.set(time("2026-01-03T00:00:00Z"));
    assert_eq!(publish::schedule::activate_due(&press.pdp).await.unwrap(), Some((id, false)));
    assert_eq!(press.digest(), moved);
    let told = publish::proposal::proposal(&press.pdp, &operator(), id).await.unwrap().value;
    assert_eq!(told.state, ProposalState::NotActivated);
    assert!(told.ended.unwrap().message.unwrap().contains("are in force"));
    let press = press.again().await;
    for press in [&press] {
        let refused = publish::report::rules_status(&press.pdp, &operator()).await.unwrap().value.refused.unwrap();
        assert_eq!((refused.proposal, refused.digest), (Some(id), Some(digest(&tightened()))));
    }
    assert_eq!(publish::schedule::activate_due(&press.pdp).await.unwrap(), None);
    press.publishes(remarked("after")).await;
    assert!(
        publish::report::rules_status(&press.pdp, &operator()).await.unwrap().value.refused.is_none(),
        "another set is in force"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_is_not_approved_and_does_not_come_in_force_later() {
    let press = Press::new().await;
    let id = press.scheduled(&by("bob")).await;
    for _ in 0..2 {
        assert_eq!(
            publish::proposal::withdraw(&press.pdp, &by("ada"), id).await.unwrap().value.state,
            ProposalState::Withdrawn
        );
    }
    press.clock.set(time("2026-01-03T00:00:00Z"));
    assert_eq!(publish::schedule::activate_due(&press.pdp).await.unwrap(), None);
    assert_eq!(code(press.approves("bob", id).await), "proposal_closed");
    assert_eq!(press.history().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_over_other_rules_needs_another_look() {
    let press = Press::new().await;
    let id = press.proposes("ada", tightened()).await.id;
    let moved = press.publishes(remarked("in between")).await;
    assert_eq!(code(press.approves("bob", id).await), "rules_moved");
    let base = |base: &str| Approving { base: Some(base.to_owned()), ..accepted() };
    assert_eq!(code(publish::approval::approve(&press.pdp, &by("bob"), id, base("elsewhere")).await), "rules_moved");
    publish::approval::approve(&press.pdp, &by("bob"), id, base(&moved)).await.unwrap();
    assert_eq!(press.digest(), digest(&tightened()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_approvals_at_once_one_puts_the_rules_in_force() {
    let press = Press::new().await;
    for round in 0..10 {
        let id = press.proposes("ada", remarked(&round.to_string())).await.id;
        let approvals = ["bob", "cid", "dan"].map(|who| {
            let pdp = Arc::clone(&press.pdp);
            tokio::spawn(async move { publish::approval::approve(&pdp, &by(who), id, accepted()).await })
        });
        let mut activated = 0;
        for approval in approvals {
            match approval.await.unwrap() {
                Ok(_) => activated += 1,
                refused => assert!(["proposal_closed", "already_in_force"].contains(&code(refused))),
            }
        }
        assert_eq!((activated, press.history().await.len()), (1, round + 2));
    }
    // Of two proposals over the same rules the second is over other rules by then.
    let (one, two) = (press.proposes("ada", remarked("x")).await.id, press.proposes("ada", remarked("y")).await.id);
    let (one, two) = tokio::join!(press.approves("bob", one), press.approves("bob", two));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
}

/// A disk in memory that does so much more and then nothing, until it is mended.
#[derive(Clone, Debug)]
struct Disk(Arc<(Mutex<Vec<u8>>, AtomicI64)>);

impl Disk {
    fn new() -> Self {
        Self(Arc::new((Mutex::default(), AtomicI64::new(i64::MAX))))
    }

    fn does(&self, more: i64) {
        self.0.1.store(more, Ordering::SeqCst);
    }

    fn spend(&self) -> io::Result<()> {
        if self.0.1.fetch_sub(1, Ordering::SeqCst) > 0 { Ok(()) } else { Err(io::Error::other("the disk is broken")) }
    }

    fn store(&self, clock: SharedClock) -> Store {
        let disk = self.clone();
        Store::over(move || disk.clone(), clock).unwrap()
    }
}

impl redb::StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.0.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.0.0.lock().unwrap()[offset..offset + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.spend()?;
        self.0.0.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.spend()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.spend()?;
        let offset = usize::try_from(offset).unwrap();
        self.0.0.lock().unwrap()[offset..offset + data.len()].copy_from_slice(data);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_disk_breaks_in_an_approval_all_of_it_is_there_or_nothing() {
    let clock: SharedClock = Arc::new(Stopped::at(time(BEGIN)));
    let mut came = [0, 0];
    for cut in 0.. {
        let disk = Disk::new();
        let rules = || Bundle::load(RuleFiles::built_in(), Rulebook::Domain).unwrap();
        let links = || LinkRing::of_seed([7; 32], &clock);
        let pdp = Pdp::of(disk.store(clock.clone()), links(), rules(), terms()).unwrap().publishing();
        rules::keep_rules(&pdp, "start").await.unwrap();
        let proposing = Proposing { files: tightened(), ..Proposing::default() };
        let id = publish::proposal::propose(&pdp, &by("ada"), proposing).await.unwrap().value.id;
        let records = pdp.records().unwrap();
        disk.does(cut);
        let approved = publish::approval::approve(&pdp, &by("bob"), id, accepted()).await;
        disk.does(i64::MAX);
        ready::ready(&pdp).await.unwrap();
        let is_in_force = pdp.digest().to_string() == digest(&tightened());
        assert!(is_in_force || approved.is_err(), "cut {cut}: it was acknowledged");
        assert_eq!(pdp.records().unwrap() - records, u64::from(is_in_force), "cut {cut}: the record");
        came[usize::from(is_in_force)] += 1;
        drop(pdp);
        let pdp = Pdp::of(disk.store(clock.clone()), links(), rules(), terms()).unwrap().publishing();
        let history = publish::report::rules_history(&pdp, &operator(), 10, None).await.unwrap().value.items;
        let last = history.last().unwrap().digest.clone();
        assert_eq!((history.len() == 2, last == digest(&tightened())), (is_in_force, is_in_force), "cut {cut}");
        let state = publish::proposal::proposal(&pdp, &operator(), id).await.unwrap().value.state;
        assert_eq!(state == ProposalState::Activated, is_in_force, "cut {cut}");
        publish::report::rules_with(&pdp, &operator(), &last).await.unwrap();
        if approved.is_ok() {
            break;
        }
    }
    assert!(came[0] > 2 && came[1] > 0, "{came:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_what_decides_and_what_is_told_in_agreement() {
    let press = Press::new().await;
    for round in 0..12_u64 {
        let id = press.proposes("ada", remarked(&round.to_string())).await.id;
        let pdp = Arc::clone(&press.pdp);
        let approval = tokio::spawn(async move { publish::approval::approve(&pdp, &by("bob"), id, accepted()).await });
        tokio::time::sleep(Duration::from_millis(round)).await;
        approval.abort();
        let _ = approval.await;
        // Whatever it left with the writer is done before this is.
        let withdrawn = publish::proposal::withdraw(&press.pdp, &by("ada"), id).await;
        let history = press.history().await;
        assert_eq!(Some(&press.digest()), history.last());
        assert_eq!(withdrawn.is_err(), history.contains(&digest(&remarked(&round.to_string()))), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_for_later_counts_only_as_long_as_whoever_gave_it_may_come_in() {
    for is_revoked in [true, false] {
        let press = Press::new().await;
        let first = press.digest();
        let (token, bob) = press.reviewer(at("2026-01-01T12:00:00Z").filter(|_| !is_revoked)).await;
        let id = press.scheduled(&bob).await;
        if is_revoked {
            change::tokens::revoke_token(&press.pdp, &operator(), &token).await.unwrap();
        }
        press.clock.set(time("2026-01-02T00:00:00Z"));
        let records = press.pdp.records().unwrap();
        assert_eq!(publish::schedule::activate_due(&press.pdp).await.unwrap(), Some((id, false)));
        assert_eq!(press.digest(), first);
        let told = publish::proposal::proposal(&press.pdp, &operator(), id).await.unwrap().value;
        assert_eq!(told.state, ProposalState::NotActivated);
        let word = if is_revoked { "was revoked at" } else { "expired at" };
        let why = told.ended.unwrap().message.unwrap();
        assert!(why.contains(token.as_str()) && why.contains(word), "{why}");
        let record = press.record(standing::id::Seq(records + 1)).await;
        assert_eq!(serde_json::to_value(&record.outcome).unwrap(), json!({ "refused": "approval_lapsed" }));
        // Whoever looks at the rules is told why, now and after a restart.
        let press = press.again().await;
        let refused = publish::report::rules_status(&press.pdp, &operator()).await.unwrap().value.refused.unwrap();
        assert_eq!(refused.proposal, Some(id));
        assert!(refused.findings[0].message.contains(word), "{:?}", refused.findings);
        assert_eq!(publish::schedule::activate_due(&press.pdp).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_goes_to_the_last_good_set_at_once_and_to_others_by_a_second_person() {
    let press = Press::new().await;
    let first = press.digest();
    assert_eq!(code(publish::rollback::roll_back(&press.pdp, &by("bob"), to(&first)).await), "already_in_force");
    let second = press.publishes(tightened()).await;
    let third = press.publishes(remarked("third")).await;
    let back = publish::rollback::roll_back(&press.pdp, &by("cid"), to(&second)).await.unwrap();
    let RolledBack::InForce(entry) = back.value else { panic!("{:?}", back.value) };
    assert_eq!((entry.digest.clone(), press.digest()), (second.clone(), second.clone()));
    assert!(entry.emergency);
    let turned = entry.evidence.unwrap();
    assert_eq!(turned["rows"].as_array().unwrap().len(), 1, "it says what it turns: {turned}");
    let said = press.record(back.seqs[0]).await.question.context;
    assert_eq!((said["digest"].as_str(), said["base"].as_str()), (Some(&*second), Some(&*third)));
    assert_eq!(said["emergency"], true);
    // It does not toggle, and nothing older is an emergency.
    for digest in [&third, &first] {
        let RolledBack::Proposed(proposal) =
            publish::rollback::roll_back(&press.pdp, &by("cid"), to(digest)).await.unwrap().value
        else {
            panic!("{digest} is in force")
        };
        assert_eq!((proposal.state, &proposal.digest), (ProposalState::Open, digest));
        assert_eq!(press.digest(), second);
    }
    let proposals = publish::proposal::proposals(&press.pdp, &operator(), 10, None).await.unwrap().value.items;
    let id = proposals.iter().find(|proposal| proposal.digest == first).unwrap().id;
    assert_eq!(code(press.approves("cid", id).await), "same_identity");
    press.approves("bob", id).await.unwrap();
    // Nor does it toggle where two persons went back.
    let RolledBack::Proposed(_) =
        publish::rollback::roll_back(&press.pdp, &by("cid"), to(&second)).await.unwrap().value
    else {
        panic!("it is in force")
    };
    assert_eq!(code(publish::rollback::roll_back(&press.pdp, &by("bob"), to(&"0".repeat(64))).await), "unknown_rules");
    assert_eq!(press.history().await, [&first, &second, &third, &second, &first].map(Clone::clone));
    let press = press.again().await;
    assert_eq!(press.digest(), first);
    // Every one of them is still there, with its files, and decides when it is asked to.
    for (digest, files) in [(&first, shipped()), (&second, tightened()), (&third, remarked("third"))] {
        let kept = publish::report::rules_with(&press.pdp, &operator(), digest).await.unwrap().value;
        assert_eq!(kept.files, files);
        assert!(kept.evidence.is_some());
        let asked = Question::new(Entity::new("Partner", "p"), "receiveBill", Entity::new("Subscription", "s"));
        let basis = ReadOptions { rules: Some(digest.clone()), ..ReadOptions::default() };
        assert_eq!(answer::ask::ask(&press.pdp, &operator(), asked, &basis).await.unwrap().rules.as_str(), digest);
    }
    assert_eq!(code(publish::report::rules_with(&press.pdp, &operator(), "none").await), "unknown_rules");
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_is_an_emergency_for_an_hour_and_no_longer() {
    for (until, is_emergency) in [("2026-01-01T01:00:00Z", true), ("2026-01-01T01:00:00.001Z", false)] {
        let press = Press::new().await;
        let first = press.digest();
        press.publishes(tightened()).await;
        press.clock.set(time(until));
        let went = publish::rollback::roll_back(&press.pdp, &by("cid"), to(&first)).await.unwrap().value;
        assert_eq!(matches!(went, RolledBack::InForce(_)), is_emergency, "{until}");
        assert_eq!(press.digest() == first, is_emergency, "{until}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_come_from_files_are_reviewed_and_not_published() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Stopped::at(time(BEGIN)));
    let pdp = Press::open(folder.path(), &clock, RulesFrom::Files).await;
    let proposing = Proposing { files: tightened(), ..Proposing::default() };
    assert_eq!(code(publish::proposal::propose(&pdp, &by("ada"), proposing).await), "rules_come_from_files");
    assert_eq!(code(publish::approval::approve(&pdp, &by("bob"), 1, accepted()).await), "rules_come_from_files");
    assert_eq!(code(publish::proposal::withdraw(&pdp, &by("bob"), 1).await), "rules_come_from_files");
    assert_eq!(
        code(publish::rollback::roll_back(&pdp, &by("bob"), to(&digest(&shipped()))).await),
        "rules_come_from_files"
    );
    publish::proposal::review(&pdp, &by("ada"), tightened()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_first_start_the_files_do_not_count_where_rules_are_published() {
    let press = Press::new().await;
    let published = press.publishes(tightened()).await;
    let press = press.again().await;
    assert_eq!(press.digest(), published);
    let Press { pdp, clock, folder } = press;
    drop(Arc::into_inner(pdp).unwrap());
    // A command that opens the store itself finds what the server would say.
    let shared: SharedClock = Arc::<Stopped>::clone(&clock);
    let pdp = publish::begin::reopen(folder.path(), shared, || Ok(RuleFiles::built_in()), terms()).await.unwrap();
    assert_eq!((rules::rules_from(&pdp), pdp.digest().to_string()), (RulesFrom::Publishing, published));
    drop(pdp);
    // Whoever wants the files again says so.
    let pdp = Press::open(folder.path(), &clock, RulesFrom::Files).await;
    assert_eq!(pdp.digest().to_string(), digest(&shipped()));
}

#[test]
fn every_candidate_of_these_tests_is_one() {
    for files in [shipped(), tightened(), remarked("a")] {
        Bundle::load(files.into_iter().collect(), Rulebook::Domain).unwrap();
    }
}

/// A server that publishes, with tokens for two reviewers.
struct Office {
    server: Server,
    ada: String,
    bob: String,
}

fn settings(data: &Path) -> String {
    let settings = data.join("standing.toml");
    std::fs::write(&settings, "rules_from = \"publishing\"\n").unwrap();
    settings.to_str().unwrap().to_owned()
}

impl Office {
    fn start(data: &Path) -> Self {
        let server = Server::start(data, &["--config", &settings(data)]);
        let token = || {
            let data = data.to_str().unwrap();
            let output = standing(&["token", "create", "--json", "--data", data, "--role", "reviewer"]);
            let created: Value = serde_json::from_slice(&output.stdout).unwrap();
            format!("Bearer {}", created["token"].as_str().unwrap())
        };
        let (ada, bob) = (token(), token());
        Self { server, ada, bob }
    }

    fn send(&self, who: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let headers = [("content-type", "application/json"), ("authorization", who)];
        self.server.send(method, path, &headers, body.map(Value::to_string).as_deref().map(str::as_bytes))
    }

    fn propose(&self, files: &Files) -> String {
        let proposed = self.send(&self.ada, "POST", "/v1/rules/proposals", Some(&json!({ "files": files })));
        assert_eq!(proposed.status, 201, "{}", proposed.text);
        proposed.json()["id"].to_string()
    }
}

#[test]
fn rules_are_published_over_http() {
    let data = tempfile::tempdir().unwrap();
    let office = Office::start(data.path());
    let mut bad = shipped();
    bad.insert(BILLS.to_owned(), "permit".to_owned());
    let refused = office.send(&office.ada, "POST", "/v1/rules/proposals", Some(&json!({ "files": bad })));
    assert_eq!((refused.status, refused.code().as_str()), (422, "rules_refused"));
    assert_eq!(refused.json()["evidence"]["findings"][0]["path"], BILLS);
    let key = [("content-type", "application/json"), ("authorization", &*office.ada), ("idempotency-key", "k")];
    let body = json!({ "files": tightened(), "title": "Tighter", "why": "a test" }).to_string();
    let proposed = office.server.send("POST", "/v1/rules/proposals", &key, Some(body.as_bytes()));
    let again = office.server.send("POST", "/v1/rules/proposals", &key, Some(body.as_bytes()));
    assert_eq!((proposed.json(), again.header("idempotency-replayed")), (again.json(), Some("true")));
    let told = proposed.json();
    assert_eq!((told["state"].as_str(), told["title"].as_str()), (Some("open"), Some("Tighter")));
    let path = format!("/v1/rules/proposals/{}", told["id"]);
    let read = office.send(&office.bob, "GET", &path, None).json();
    assert_eq!(read["files"], json!(tightened()));
    let approval = format!("{path}/approval");
    let own = office.send(&office.ada, "POST", &approval, Some(&json!({ "unproved": "mine" })));
    assert_eq!((own.status, own.code().as_str()), (403, "same_identity"));
    let approved = office.send(&office.bob, "POST", &approval, Some(&json!({ "unproved": "read" })));
    assert_eq!((approved.status, approved.json()["state"].as_str()), (200, Some("activated")), "{}", approved.text);
    let status = office.send(&office.bob, "GET", "/v1/rules", None).json();
    assert_eq!((&status["digest"], &status["proposal"]), (&told["digest"], &told["id"]));
    assert_eq!((status["why"].as_str(), status["from"].as_str()), (Some("published"), Some("publishing")));
    assert_eq!(status["evidence"]["candidate"], told["digest"]);
    let back = json!({ "to": told["base"] });
    let back = office.send(&office.bob, "POST", "/v1/rules/rollback", Some(&back));
    assert_eq!((back.status, back.json()["why"].as_str()), (200, Some("rolledBack")), "{}", back.text);
    let history = office.send(&office.bob, "GET", "/v1/rules/history?limit=2", None).json();
    assert_eq!((history["history"].as_array().unwrap().len(), &history["complete"]), (2, &json!(false)));
    let rest = format!("/v1/rules/history?cursor={}", history["next"].as_str().unwrap());
    let rest = office.send(&office.bob, "GET", &rest, None).json();
    assert_eq!((rest["history"].as_array().unwrap().len(), &rest["complete"]), (1, &json!(true)));
    for path in ["/v1/rules/proposals/99", "/v1/rules/none"] {
        assert_eq!(office.send(&office.bob, "GET", path, None).status, 404, "{path}");
    }
}

#[test]
fn a_set_of_rules_may_be_larger_than_other_bodies_and_has_a_limit_too() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    let review = |pages: usize, bytes: usize| {
        let mut files = shipped();
        files.extend((0..pages).map(|page| (format!("policies/page-{page}.md"), "x".repeat(bytes))));
        server.post("/v1/rules/review", &json!({ "files": files }))
    };
    let reviewed = review(3, 700_000);
    assert_eq!(reviewed.status, 200, "{}", reviewed.text);
    assert_eq!(reviewed.json()["candidate"], digest(&shipped()), "pages beside the rules are no rules");
    let refused = review(7, 700_000);
    assert_eq!((refused.status, refused.code().as_str()), (413, "body_too_large"));
    let refused = review(1, 1_100_000);
    assert_eq!((refused.status, refused.code().as_str()), (422, "invalid_rule_file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_under_which_nobody_could_put_others_in_force_are_refused() {
    let press = Press::new().await;
    let mut files = shipped();
    // The promises about roles are retired first, in a set that still keeps them.
    files.retain(|path, _| !path.starts_with("policies/always/api/"));
    press.publishes(files.clone()).await;
    files.remove("policies/may/api/operator.cedar");
    press.publishes(files.clone()).await;
    files.remove("policies/may/api/reviewer.cedar");
    let proposing = Proposing { files, ..Proposing::default() };
    let refused = publish::proposal::propose(&press.pdp, &by("ada"), proposing).await;
    let Err(CallError::Refused(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.code(), "rules_refused");
    assert!(error.to_string().contains("`proposeRules`"), "{error}");
}

#[test]
fn nobody_approves_where_nobody_can_be_told_from_the_proposer() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--anonymous", "--config", &settings(data.path())]);
    let proposed = server.post("/v1/rules/proposals", &json!({ "files": tightened() })).json();
    let approval =
        server.post(&format!("/v1/rules/proposals/{}/approval", proposed["id"]), &json!({ "unproved": "x" }));
    assert_eq!((approval.status, approval.code().as_str()), (403, "no_person"));
    assert!(approval.json()["detail"].as_str().unwrap().contains("asks for no credentials"), "{}", approval.text);
}

#[test]
fn what_is_approved_for_soon_comes_in_force_by_itself() {
    let data = tempfile::tempdir().unwrap();
    let office = Office::start(data.path());
    let path = format!("/v1/rules/proposals/{}/approval", office.propose(&tightened()));
    // Proving what is approved takes time: a moment that passes meanwhile is refused, and then a later one is asked for.
    let (soon, approved) = (3..8)
        .map(|power| {
            let soon = System.now() + jiff::SignedDuration::from_secs(1 << power);
            let body = json!({ "unproved": "read", "activateAt": soon.to_string() });
            (soon, office.send(&office.bob, "POST", &path, Some(&body)))
        })
        .find(|(_, answer)| answer.code() != "activation_time_passed")
        .unwrap();
    assert_eq!(approved.json()["state"], "scheduled", "{}", approved.text);
    let status = || office.send(&office.bob, "GET", "/v1/rules", None).json();
    let seen = status();
    if System.now() < soon {
        assert_eq!(seen["scheduled"]["digest"], digest(&tightened()));
    }
    let began = std::time::Instant::now();
    while status()["digest"] != digest(&tightened()) {
        assert!(began.elapsed() < Duration::from_secs(300), "it does not come in force: {}", status());
        std::thread::sleep(Duration::from_millis(50));
    }
    let since: Timestamp = status()["since"].as_str().unwrap().parse().unwrap();
    assert!(since >= soon, "{since} is before {soon}");
    assert!(status().get("scheduled").is_none());
}

#[test]
fn killed_around_an_approval_the_history_the_proposals_and_what_decides_agree() {
    let data = tempfile::tempdir().unwrap();
    let mut office = Office::start(data.path());
    for round in 0..8_u64 {
        let id = office.propose(&remarked(&round.to_string()));
        let path = format!("/v1/rules/proposals/{id}/approval");
        let body = json!({ "unproved": "read" }).to_string();
        let answered = std::thread::scope(|scope| {
            let (server, bob) = (&office.server, office.bob.as_str());
            let (path, body) = (&path, &body);
            let approving = scope.spawn(move || {
                let headers = [("content-type", "application/json"), ("authorization", bob)];
                server.try_send("POST", path, &headers, Some(body.as_bytes())).map(|answer| answer.status)
            });
            std::thread::sleep(Duration::from_millis(round * 4));
            let id = server.id().to_string();
            assert!(std::process::Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
            approving.join().unwrap().ok()
        });
        let Office { server, ada, bob } = office;
        drop(server);
        let server = Server::start(data.path(), &["--config", &settings(data.path())]);
        office = Office { server, ada, bob };
        let get = |path: &str| office.send(&office.bob, "GET", path, None).json();
        let (status, proposal) = (get("/v1/rules"), get(&format!("/v1/rules/proposals/{id}")));
        let history = get("/v1/rules/history")["history"].as_array().unwrap().clone();
        let last = &history.last().unwrap()["digest"];
        assert_eq!(&status["digest"], last, "round {round}");
        assert_eq!(proposal["state"] == "activated", *last == proposal["digest"], "round {round}");
        assert!(answered != Some(200) || proposal["state"] == "activated", "round {round}: it was acknowledged");
        assert_eq!(get(&format!("/v1/rules/{}", last.as_str().unwrap()))["digest"], *last);
        let decided = office.send(
            &office.bob,
            "POST",
            "/access/v1/evaluation",
            Some(&question("contoso", "receiveBill", "Subscription", "s")),
        );
        assert_eq!(decided.status, 403, "a reviewer asks nothing");
        let ready = office.server.get("/readyz").json();
        assert_eq!(ready["rules"], *last, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_for_later_counts_only_while_its_token_speaks_for_who_gave_it() {
    let press = Press::new().await;
    let first = press.digest();
    let (token, bob) = press.reviewer(None).await;
    let id = press.scheduled(&bob).await;
    let Press { pdp, clock, folder } = press;
    drop(Arc::into_inner(pdp).unwrap());
    // No call changes whom a token speaks for, so it is written as a call would write it.
    let store = Store::open(folder.path(), Arc::<Stopped>::clone(&clock)).unwrap();
    let mut kept = store.token(&token).unwrap().unwrap();
    kept.caller = Caller::Operator { id: token.to_string(), role: Role::Asker };
    let written = store.change(move |_| {
        let mut metadata = MetadataChanges::default();
        metadata.put_token(&kept)?;
        Ok(Work { change: None, by: String::new(), records: Vec::new(), remember: None, metadata, value: () })
    });
    written.await.unwrap();
    drop(store);
    clock.set(time("2026-01-02T00:00:00Z"));
    let pdp = Press::open(folder.path(), &clock, RulesFrom::Publishing).await;
    let press = Press { pdp, clock, folder };
    assert_eq!(publish::schedule::activate_due(&press.pdp).await.unwrap(), Some((id, false)));
    let told = publish::proposal::proposal(&press.pdp, &operator(), id).await.unwrap().value;
    assert_eq!((told.state, press.digest()), (ProposalState::NotActivated, first));
    let why = told.ended.unwrap().message.unwrap();
    assert!(why.contains(&format!("its token `{token}` speaks for `asker:{token}` now")), "{why}");
}
