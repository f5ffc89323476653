//! Faults at every point: the process killed, the power cut, a write or a sync that fails, a disk that is full.
//!
//! A script of calls runs over a disk in memory. Whatever happens to the disk, and wherever, what is found afterwards is
//! what the script had come to, whole: with everything it had acknowledged, and at most the one call more that was under
//! way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition, TableHandle as _};
use serde_json::{Value, json};
use standing::answer::batch::{Batch, Semantic};
use standing::answer::past::ReadOptions;
use standing::answer::search::{Search, SearchTarget};
use standing::audit::{
    CallOutcome, Hash, Indexed, Peaks, Place, Record, RecordKind, Term, VerifierKey, Walk, leaf_node,
};
use standing::caller::Caller;
use standing::change::acceptance::Acceptance;
use standing::change::removal::Removal;
use standing::change::renegotiation::{Renegotiation, RenegotiationError};
use standing::change::tokens::{NewToken, Speaker};
use standing::clock::{SharedClock, Stopped};
use standing::domain::commercial::{Outcome, Side};
use standing::domain::customer::Customer;
use standing::domain::partner::{Partner, PartnerKind, PartnerStatus};
use standing::evidence::replay::{ReplayLine, Run};
use standing::facts::Role;
use standing::http::{Listener, Shutdown, surface};
use standing::id::{Revision, Seq};
use standing::pdp::call::{Call, CallError, Coded, Committed, Idempotency};
use standing::pdp::links::LinkRing;
use standing::pdp::{Pdp, ready, rules};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::question::{Entity, Question};
use standing::store::{Looked, Named, Order, Store, StoredFrame};
use standing::{answer, change, evidence, publish};

use crate::disk::{Disk, Fault, Op, apply, durable};
use crate::server::{Answer, Server, call, question};
use crate::stage::{BEGIN, operator, shipped, subscription, terms, time};

/// What the script does, one call a line; each is one durable write.
const SCRIPT: [&str; 24] = [
    "the rules are kept",
    "contoso is told",
    "fabrikam is told",
    "the customer is told",
    "contoso is asked about",
    "the customer accepts contoso",
    "contoso sells, under a key",
    "contoso sells, under the same key",
    "many questions at once",
    "the customer accepts fabrikam",
    "who may remove seats",
    "other rules come in force",
    "a token",
    "a checkpoint",
    "the signed head is told",
    "an auditor tells and may not",
    "the customer wants to end",
    "contoso wants to end",
    "the customer removes fabrikam",
    "nothing is left to remove",
    "an import",
    "the customer is told otherwise, under a key",
    "the customer is told otherwise, under the same key",
    "fabrikam is asked about",
];

/// A call that was answered: where it is recorded, and what was answered to which action.
#[derive(Debug, Default)]
struct Acknowledged {
    seqs: Vec<Seq>,
    decisions: Vec<bool>,
    is_repeat: bool,
}

/// The store could not be used.
#[derive(Debug)]
struct Unavailable;

type Came = Result<Acknowledged, Unavailable>;

#[track_caller]
fn unavailable<E: Coded + Debug>(error: CallError<E>) -> Unavailable {
    match error {
        CallError::Store(_) => Unavailable,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn changed<T, E: Coded + Debug>(changed: Result<Committed<T>, CallError<E>>) -> Came {
    let acknowledged = |changed: Committed<T>| Acknowledged {
        seqs: changed.seqs,
        is_repeat: changed.is_repeat,
        decisions: Vec::new(),
    };
    changed.map(acknowledged).map_err(unavailable)
}

fn keyed(key: &str) -> Call {
    Call { idempotency: Some(Idempotency { key: key.to_owned(), request: [1; 32] }), ..operator() }
}

fn partner(id: &str) -> Partner {
    Partner {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        kind: PartnerKind::DirectBill,
        status: PartnerStatus::Active,
        mpn_id: None,
        provider: None,
    }
}

fn customer(name: &str) -> Customer {
    Customer { id: "c".parse().unwrap(), name: name.to_owned(), domain: None }
}

fn about(partner: &str, action: &str) -> Question {
    Question::new(Entity::new("Partner", partner), action, Entity::new("Subscription", "s"))
}

async fn asks(pdp: &Pdp, partner: &str) -> Came {
    let told = answer::ask::ask(pdp, &operator(), about(partner, "removeSeats"), &ReadOptions::default())
        .await
        .map_err(unavailable)?;
    Ok(Acknowledged { seqs: told.seqs, decisions: vec![told.value.decision.is_allowed()], is_repeat: false })
}

async fn accepts(pdp: &Pdp, partner: &str) -> Came {
    let token = change::relationship::links(pdp).token(&partner.parse().unwrap());
    let acceptance = |partner| Acceptance {
        partner,
        customer: "c".parse().unwrap(),
        services: vec!["office365".parse().unwrap()],
        until: None,
    };
    changed(change::relationship::accept(pdp, &operator(), token.as_str(), acceptance).await)
}

async fn ends(pdp: &Pdp, by: Side) -> Came {
    let (customer, partner) = ("c".parse().unwrap(), "contoso".parse().unwrap());
    match change::relationship::renegotiate(
        pdp,
        &operator(),
        Renegotiation { customer, partner, by, outcome: Outcome::End },
    )
    .await
    {
        // Said again after it was done without an answer.
        Err(CallError::Refused(RenegotiationError::Impossible(_))) => Ok(Acknowledged::default()),
        said => changed(said),
    }
}

async fn removes(pdp: &Pdp) -> Came {
    let partner = Some("fabrikam".parse().unwrap());
    changed(
        change::relationship::remove(
            pdp,
            &operator(),
            Removal { customer: "c".parse().unwrap(), partner, service: None },
        )
        .await,
    )
}

async fn step(pdp: &Pdp, step: &str) -> Came {
    match step {
        "the rules are kept" => {
            rules::keep_rules(pdp, "start").await.map(|()| Acknowledged::default()).map_err(|_| Unavailable)
        }
        "contoso is told" => changed(change::registry::put_partner(pdp, &operator(), partner("contoso")).await),
        "fabrikam is told" => changed(change::registry::put_partner(pdp, &operator(), partner("fabrikam")).await),
        "the customer is told" => changed(change::registry::put_customer(pdp, &operator(), customer("C")).await),
        "contoso is asked about" => asks(pdp, "contoso").await,
        "fabrikam is asked about" => asks(pdp, "fabrikam").await,
        "the customer accepts contoso" => accepts(pdp, "contoso").await,
        "the customer accepts fabrikam" => accepts(pdp, "fabrikam").await,
        "contoso sells, under a key" | "contoso sells, under the same key" => changed(
            change::selling::put_subscription(
                pdp,
                &keyed("sale"),
                subscription("s", "c", "office365", Some("contoso")),
            )
            .await,
        ),
        "many questions at once" => {
            let actions = ["removeSeats", "receiveBill", "migrate", "provision", "orderAddOns"];
            let questions = actions.iter().map(|action| Ok(about("contoso", action))).collect();
            let batch = Batch { questions, semantic: Semantic::ExecuteAll };
            let told =
                answer::batch::ask_all(pdp, &operator(), batch, &ReadOptions::default()).await.map_err(unavailable)?;
            let decisions = told.value.iter().map(|answer| answer.as_ref().unwrap().decision.is_allowed()).collect();
            Ok(Acknowledged { seqs: told.seqs, decisions, is_repeat: false })
        }
        "who may remove seats" => {
            let Question { action, resource, context, .. } = about("", "removeSeats");
            let target = SearchTarget::Subject { kind: "Partner".to_owned(), action, resource };
            let found = answer::search::search(
                pdp,
                &operator(),
                Search { target, context, page: None },
                &ReadOptions::default(),
            )
            .await;
            let found = found.map_err(unavailable)?;
            let decisions = vec![!found.value.results.is_empty()];
            Ok(Acknowledged { seqs: found.seqs, decisions, is_repeat: false })
        }
        "other rules come in force" => {
            let taken = publish::watched::take_files(pdp, Ok(RuleFiles::built_in())).await;
            taken.map(|_| Acknowledged::default()).map_err(|_| Unavailable)
        }
        "a token" => {
            let new = NewToken::of(Speaker::Partner("contoso".parse().unwrap()));
            changed(change::tokens::create_token(pdp, &operator(), new).await)
        }
        "a checkpoint" => {
            evidence::ledger::keep_checkpoint(pdp).await.map(|()| Acknowledged::default()).map_err(unavailable)
        }
        "the signed head is told" => {
            let told = evidence::ledger::checkpoint(pdp, &operator()).await.map_err(unavailable)?;
            Ok(Acknowledged { seqs: told.seqs, ..Acknowledged::default() })
        }
        "an auditor tells and may not" => {
            let auditor = Call::of(Caller::Operator { id: "eve".to_owned(), role: Role::Auditor });
            match change::registry::put_partner(pdp, &auditor, partner("mallory")).await {
                Err(CallError::Denied(_)) => Ok(Acknowledged::default()),
                Err(error) => Err(unavailable(error)),
                Ok(told) => panic!("{told:?}"),
            }
        }
        "the customer wants to end" => ends(pdp, Side::Customer).await,
        "contoso wants to end" => ends(pdp, Side::Partner).await,
        "the customer removes fabrikam" | "nothing is left to remove" => removes(pdp).await,
        "an import" => {
            let lines: &[u8] = b"{\"noun\":\"partner\",\"id\":\"tailspin\",\"name\":\"T\",\"kind\":\"advisor\",\"status\":\"active\"}\n{\"noun\":\"customer\",\"id\":\"d\",\"name\":\"D\"}\n";
            changed(change::import::import(pdp, &operator(), std::io::Cursor::new(lines), |_, _| {}).await)
        }
        "the customer is told otherwise, under a key" | "the customer is told otherwise, under the same key" => {
            changed(change::registry::put_customer(pdp, &keyed("name"), customer("Another")).await)
        }
        other => panic!("{other}"),
    }
}

/// What every decision point of these tests is made with.
struct Parts {
    clock: SharedClock,
    /// The rules of before and after the swap.
    rules: [Bundle; 2],
}

impl Parts {
    fn new() -> Self {
        let mut files: BTreeMap<String, String> =
            RuleFiles::built_in().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        files.remove("policies/may/receive-bill.cedar");
        let before = Bundle::load(files.into_iter().collect(), Rulebook::Domain).unwrap();
        Self { clock: Arc::new(Stopped::at(time(BEGIN))), rules: [before, shipped()] }
    }

    fn pdp(&self, store: Store) -> Pdp {
        let terms = terms();
        let now = store.rules_in_force().unwrap().map(|(_, entry)| entry.digest);
        let rules = self.rules.iter().find(|rules| Some(rules.digest().as_str()) == now.as_deref());
        let rules = rules.unwrap_or(&self.rules[0]).clone();
        Pdp::of(store, LinkRing::of_seed([7; 32], &self.clock), rules, terms).unwrap()
    }

    fn open(&self, disk: &Disk) -> Pdp {
        self.pdp(disk.store(&self.clock).unwrap())
    }
}

/// Every row of every table.
pub type Content = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

pub fn content(bytes: Vec<u8>) -> Content {
    let database = redb::Database::builder().create_with_backend(Disk::of(bytes)).unwrap();
    let read = database.begin_read().unwrap();
    let mut content = Content::new();
    for table in read.list_tables().unwrap() {
        let name = table.name().to_owned();
        let rows = match name.as_str() {
            "meta" | "customer_summaries" => {
                let table = read.open_table(TableDefinition::<&str, &[u8]>::new(&name)).unwrap();
                let rows = table.iter().unwrap().map(|row| row.unwrap());
                rows.map(|(key, value)| (key.value().as_bytes().to_vec(), value.value().to_vec())).collect()
            }
            "archived_frames" | "entries" | "frames" | "journal" | "ledger" | "nodes" | "tree" => {
                let table = read.open_table(TableDefinition::<u64, &[u8]>::new(&name)).unwrap();
                let rows = table.iter().unwrap().map(|row| row.unwrap());
                rows.map(|(key, value)| (key.value().to_be_bytes().to_vec(), value.value().to_vec())).collect()
            }
            "ledger_segment_spans" => {
                let table = read.open_table(TableDefinition::<u64, u64>::new(&name)).unwrap();
                let rows = table.iter().unwrap().map(|row| row.unwrap());
                rows.map(|(key, value)| (key.value().to_be_bytes().to_vec(), value.value().to_be_bytes().to_vec()))
                    .collect()
            }
            _ => {
                let table = read.open_table(TableDefinition::<&[u8], &[u8]>::new(&name)).unwrap();
                let rows = table.iter().unwrap().map(|row| row.unwrap());
                rows.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())).collect()
            }
        };
        content.insert(name, rows);
    }
    content
}

/// The records of the ledger, by their places.
fn records(content: &Content) -> BTreeMap<u64, Vec<u8>> {
    let of_frame = |(first, bytes): (&Vec<u8>, &Vec<u8>)| {
        let first = u64::from_be_bytes(first.as_slice().try_into().unwrap());
        (first..).zip(StoredFrame::of(bytes).unwrap().records().unwrap().to_vec()).collect::<Vec<_>>()
    };
    content["frames"].iter().flat_map(of_frame).collect()
}

/// How many rows each table has: what stays the same where secrets and keys are made at random.
pub fn shape(content: &Content) -> BTreeMap<&str, usize> {
    content.iter().map(|(name, rows)| (name.as_str(), rows.len())).collect()
}

/// A store is sound: its tree, its index, its journal and its ledger all say the same.
pub fn is_sound(store: &Store, key: Option<&VerifierKey>) {
    let (view, tables) = store.ledger_and_journal().unwrap();
    let mut named = Named { all: true, ..Named::default() };
    let size = view.size().unwrap();
    let node = |node: u64| view.stored_node(node).unwrap();
    let mut walk = Walk::after(Peaks::default());
    let mut checkpoints = view.checkpoints().unwrap();
    let mut by_term: BTreeMap<Term, BTreeSet<Seq>> = BTreeMap::new();
    let mut revisions = BTreeMap::new();
    for seq in 1..=size {
        let bytes = view.record(seq).unwrap().unwrap_or_else(|| panic!("there is no record {seq}"));
        walk.step(Place::Record(&bytes), view.node(leaf_node(seq - 1)).unwrap(), Some(&node));
        if let Some(key) = key {
            checkpoints.retain(|(at, note)| {
                if *at == seq {
                    walk.checkpoint(key.open(note));
                }
                *at != seq
            });
        }
        let record = Record::from_bytes(&bytes).unwrap();
        if let Some(entry) = record.entry() {
            let entry: Hash = data_encoding::HEXLOWER.decode(entry.as_bytes()).unwrap().try_into().unwrap();
            named.entries.entry(entry).or_insert(seq);
        }
        if let Some(CallOutcome::Revision(revision)) = record.outcome {
            assert_eq!((record.asked, record.decision), (RecordKind::Call, true));
            assert!(revisions.insert(revision, record.caller.to_string()).is_none(), "two records of {revision}");
        }
        for term in Indexed::read(&bytes).terms {
            by_term.entry(term).or_default().insert(Seq(seq));
        }
    }
    assert!(key.is_none() || checkpoints.is_empty(), "a checkpoint is of no record: {checkpoints:?}");
    let walked = walk.end();
    assert!(walked.whole, "{walked:?}");
    assert!(view.strays().unwrap().is_empty());
    assert_eq!(tables.breaches(&named).unwrap(), [], "the tables, the journal and the records agree");
    let journal = store.journal(Revision(0), usize::MAX).unwrap();
    let entered: BTreeMap<Revision, String> = journal.into_iter().map(|(at, entry)| (at, entry.by)).collect();
    assert_eq!(entered, revisions, "the journal and the ledger agree");
    let every: BTreeSet<Revision> = (1..=store.revision().0).map(Revision).collect();
    assert_eq!(entered.into_keys().collect::<BTreeSet<_>>(), every, "every revision is in the journal");
    let reader = store.ledger_reader().unwrap();
    for (term, expected) in by_term {
        let terms = [term];
        let mut found = BTreeSet::new();
        let mut walk = reader.walk(&terms, Order::Oldest);
        let mut from = Seq(1);
        while let Looked::Found(seq) = walk.next(from, &mut 1_000_000).unwrap() {
            found.insert(seq);
            from = seq.next();
        }
        assert_eq!(found, expected, "the index finds what a scan does");
    }
}

/// Everything in the ledger is decided again, and comes to the same on the same facts.
async fn replays(pdp: Pdp) {
    let pdp = Arc::new(pdp);
    let lines = evidence::replay::run::replay_all(&pdp, &operator(), |_| Ok(Run { all: true, ..Run::default() }))
        .await
        .unwrap()
        .value;
    for line in lines {
        match line.unwrap() {
            ReplayLine::Replayed(replayed) => {
                // What nobody asked for turned on no facts.
                let is_asked = replayed.question.is_some();
                assert!(replayed.same && replayed.facts_agree == is_asked.then_some(true), "{replayed:?}");
            }
            ReplayLine::Totals { totals } => assert_eq!(totals.same, totals.records),
            ReplayLine::Progress { .. } => {}
        }
    }
}

/// The script as it runs when nothing goes wrong.
struct Played {
    parts: Parts,
    /// What was done to the disk.
    log: Vec<Op>,
    /// How much of it was done when the script had come so far.
    marks: Vec<usize>,
    /// What the disk held then, as it reads and by its tables.
    bytes: Vec<Vec<u8>>,
    contents: Vec<Content>,
    key: VerifierKey,
}

impl Played {
    async fn new() -> Self {
        let parts = Parts::new();
        let disk = Disk::default();
        let pdp = parts.open(&disk);
        let mut played = Self {
            parts,
            log: Vec::new(),
            marks: vec![disk.done()],
            bytes: vec![disk.bytes()],
            contents: vec![content(disk.bytes())],
            key: evidence::ledger::ledger_key(&pdp).public().clone(),
        };
        let mut answers = BTreeMap::new();
        for name in SCRIPT {
            let came = step(&pdp, name).await.unwrap();
            assert_eq!(came.is_repeat, name.contains("the same key"), "{name}");
            answers.extend(came.seqs.iter().copied().zip(came.decisions));
            played.marks.push(disk.done());
            played.bytes.push(disk.bytes());
            played.contents.push(content(disk.bytes()));
        }
        drop(pdp);
        played.log = disk.log();
        let written = records(played.contents.last().unwrap());
        for (seq, decision) in answers {
            let record = Record::from_bytes(&written[&seq.0]).unwrap();
            assert_eq!(record.decision, decision, "what was answered is what record {seq} says");
        }
        played
    }

    /// The store of what is left of a disk has come as far as the script, or one call further; how far.
    fn holds(&self, bytes: Vec<u8>, acknowledged: usize, what: &dyn Fn() -> String) -> usize {
        let disk = Disk::of(bytes);
        match disk.store(&self.parts.clock) {
            Ok(store) => drop(store),
            Err(error) => panic!("{}: it does not open: {error}", what()),
        }
        let found = content(disk.bytes());
        let whole = (acknowledged..=acknowledged + 1).find(|come| self.contents.get(*come) == Some(&found));
        whole.unwrap_or_else(|| {
            panic!("{}: {acknowledged} calls were acknowledged, and found is {:?}", what(), shape(&found))
        })
    }

    /// How many calls were acknowledged when so much was done to the disk.
    fn acknowledged(&self, done: usize) -> usize {
        self.marks.iter().filter(|mark| **mark <= done).count().saturating_sub(1)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_script_comes_to_is_sound_after_every_call() {
    let played = Played::new().await;
    for (come, bytes) in played.bytes.iter().enumerate() {
        let store = Disk::of(bytes.clone()).store(&played.parts.clock).unwrap();
        is_sound(&store, Some(&played.key));
        if come + 1 == played.bytes.len() {
            replays(played.parts.pdp(store)).await;
        }
    }
    println!("{} calls, {} things done to the disk", SCRIPT.len(), played.log.len());
}

/// A generator of choices that are the same in every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// What may be left when the power is cut in a sync of these writes: each a choice of how much of each write.
fn left_by_a_cut(waiting: &[Op], chance: &mut Chance) -> Vec<Vec<usize>> {
    let whole = |op: &Op| match op {
        Op::Write(_, data) => data.len(),
        _ => 1,
    };
    let all: Vec<usize> = waiting.iter().map(whole).collect();
    let none = vec![0; waiting.len()];
    let mut left = vec![none.clone(), all.clone()];
    left.push(all.iter().enumerate().map(|(at, whole)| if at % 2 == 0 { *whole } else { 0 }).collect());
    left.push(all.iter().enumerate().map(|(at, whole)| if at % 2 == 1 { *whole } else { 0 }).collect());
    for (at, whole) in all.iter().enumerate() {
        // All but one, only one, one of which a half is written, and those from one on: the last ones before the first.
        left.push(all.iter().enumerate().map(|(other, whole)| if other == at { 0 } else { *whole }).collect());
        left.push(all.iter().enumerate().map(|(other, whole)| if other == at { *whole } else { 0 }).collect());
        left.push(all.iter().enumerate().map(|(other, all)| if other == at { whole / 2 } else { *all }).collect());
        left.push(all.iter().enumerate().map(|(other, whole)| if other < at { 0 } else { *whole }).collect());
    }
    for _ in 0..3 {
        left.push(all.iter().map(|whole| if chance.next().is_multiple_of(2) { *whole } else { 0 }).collect());
        left.push(all.iter().map(|whole| chance.next() as usize % (whole + 1)).collect());
    }
    left.sort();
    left.dedup();
    left
}

fn keep(bytes: &mut Vec<u8>, op: &Op, much: usize) {
    match op {
        _ if much == 0 => {}
        Op::Write(offset, data) => apply(bytes, &Op::Write(*offset, data[..much].to_vec())),
        op => apply(bytes, op),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_nothing_acknowledged_is_lost_and_nothing_is_half_done() {
    let played = Played::new().await;
    // A new file has its name only once it is whole; see `killed_while_it_is_made_a_store_is_made_again`.
    let mut bytes = played.bytes[0].clone();
    let mut further = 0;
    for done in played.marks[0]..=played.log.len() {
        let acknowledged = played.acknowledged(done);
        let come = played.holds(bytes.clone(), acknowledged, &|| format!("killed after {done} things"));
        further += usize::from(come > acknowledged);
        if let Some(op) = played.log.get(done) {
            apply(&mut bytes, op);
        }
    }
    println!("killed at {} points; at {further} the call under way was done", played.log.len() + 1 - played.marks[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_in_any_sync_nothing_acknowledged_is_lost_and_nothing_is_half_done() {
    let played = Played::new().await;
    let mut chance = Chance(7);
    let mut synced = Vec::new();
    let mut waiting = Vec::new();
    let (mut syncs, mut cuts, mut further) = (0, 0, 0);
    for (done, op) in played.log.iter().enumerate() {
        if !matches!(op, Op::Sync) {
            waiting.push(op.clone());
            continue;
        }
        let is_made = done >= played.marks[0];
        let acknowledged = played.acknowledged(done);
        let ways = if is_made { left_by_a_cut(&waiting, &mut chance) } else { Vec::new() };
        for left in ways {
            let mut bytes = synced.clone();
            for (op, much) in waiting.iter().zip(&left) {
                keep(&mut bytes, op, *much);
            }
            let come = played.holds(bytes, acknowledged, &|| format!("cut in sync {syncs} of {done} keeping {left:?}"));
            cuts += 1;
            further += usize::from(come > acknowledged);
        }
        for op in waiting.drain(..) {
            apply(&mut synced, &op);
        }
        syncs += 1;
    }
    println!("{syncs} syncs, {cuts} ways to cut them; in {further} the call under way was done");
}

/// A disk that has come so far in the script, with a decision point over it that is told how it will fail.
async fn failing(played: &Played, come: usize, fault: Fault, well: usize) -> (Disk, Pdp, Option<Came>) {
    let disk = Disk::of(played.bytes[come].clone());
    let pdp = played.parts.open(&disk);
    disk.fails_once(fault, well);
    let came = step(&pdp, SCRIPT[come]).await;
    let has_failed = disk.mend();
    (disk, pdp, has_failed.then_some(came))
}

/// A call that is made until it is answered; nobody else calls meanwhile.
async fn until_answered(pdp: &Pdp, name: &str) -> Acknowledged {
    let began = Instant::now();
    loop {
        match step(pdp, name).await {
            Ok(came) => return came,
            Err(Unavailable) => assert!(began.elapsed() < Duration::from_secs(5), "`{name}` is not answered any more"),
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Where nothing is made at random the rows are the same, else their numbers.
fn is_at(played: &Played, found: &Content, come: usize) -> bool {
    let expected = &played.contents[come];
    let is_random = ["a token", "a checkpoint", "the signed head is told"].contains(&SCRIPT[come.saturating_sub(1)]);
    if is_random { shape(found) == shape(expected) } else { found == expected }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_write_or_a_sync_fails_once_the_call_is_whole_or_absent_and_works_again() {
    let played = Played::new().await;
    for fault in [Fault::Write, Fault::HalfWrite, Fault::Sync] {
        let mut there = [0, 0];
        for (come, &call) in SCRIPT.iter().enumerate() {
            for well in 0.. {
                let (disk, pdp, came) = failing(&played, come, fault, well).await;
                let Some(came) = came else { break };
                let what = format!("{fault:?} {well} of `{}`", call);
                let found = content(disk.bytes());
                let is_after = is_at(&played, &found, come + 1);
                assert!(is_after || is_at(&played, &found, come), "{what}: half done: {:?}", shape(&found));
                assert!(is_after || came.is_err(), "{what}: it was acknowledged");
                there[usize::from(is_after)] += 1;
                // It mends itself, and a call that is made again is done once.
                let again = until_answered(&pdp, call).await;
                assert!(is_after || again.is_repeat == call.contains("the same key"), "{what}");
                ready::ready(&pdp).await.unwrap();
                if call == "other rules come in force" {
                    assert_eq!(pdp.digest(), *played.parts.rules[1].digest(), "{what}");
                }
                drop(pdp);
                let store = disk.store(&played.parts.clock).unwrap();
                is_sound(&store, None);
                drop(store);
                let found = content(disk.bytes());
                for table in ["facts", "present", "customer_summaries", "journal"] {
                    assert_eq!(found[table], played.contents[come + 1][table], "{what}: {table}");
                }
            }
        }
        println!("{fault:?}: {} times nothing of it was there, {} times all of it", there[0], there[1]);
        assert!(there[0] > 0, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sync_that_failed_what_is_acknowledged_is_on_the_disk() {
    let played = Played::new().await;
    let mut cuts = 0;
    for come in 0..SCRIPT.len() - 1 {
        for well in 0.. {
            let (disk, pdp, came) = failing(&played, come, Fault::ForgetfulSync, well).await;
            if came.is_none() {
                break;
            }
            for name in &SCRIPT[come..come + 2] {
                until_answered(&pdp, name).await;
            }
            let left = Disk::of(durable(played.bytes[come].clone(), &disk.log()));
            let what = format!("sync {well} of `{}` failed, then the power", SCRIPT[come]);
            let store = left.store(&played.parts.clock).unwrap_or_else(|error| panic!("{what}: {error}"));
            is_sound(&store, None);
            drop(store);
            let found = content(left.bytes());
            for table in ["facts", "present", "customer_summaries", "journal"] {
                assert_eq!(found[table], played.contents[come + 2][table], "{what}: {table}");
            }
            cuts += 1;
        }
    }
    assert!(cuts >= SCRIPT.len() - 1, "{cuts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_disk_fails_while_a_store_is_opened_it_opens_afterwards() {
    let played = Played::new().await;
    for fault in [Fault::Write, Fault::HalfWrite, Fault::Sync, Fault::ForgetfulSync] {
        for come in [0, SCRIPT.len() / 2, SCRIPT.len()] {
            for well in 0.. {
                let disk = Disk::of(played.bytes[come].clone());
                disk.fails_once(fault, well);
                // What fails when it is closed again is told nobody.
                let opened = disk.store(&played.parts.clock).map(drop);
                if !disk.mend() {
                    opened.unwrap();
                    break;
                }
                for bytes in [disk.bytes(), durable(played.bytes[come].clone(), &disk.log())] {
                    let what = || format!("{fault:?} {well} while it is opened after {come} calls");
                    assert_eq!(played.holds(bytes, come, &what), come, "{}", what());
                }
            }
        }
    }
}

#[test]
fn killed_while_it_is_made_a_store_is_made_again() {
    for after in (0..16).map(|times| Duration::from_millis(times * 5)) {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().to_str().unwrap();
        let mut begun = Command::new(env!("CARGO_BIN_EXE_standing"))
            .args(["serve", "--anonymous", "--listen", "127.0.0.1:0", "--data", path])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(after);
        begun.kill().unwrap();
        begun.wait().unwrap();
        let server = Server::start(data.path(), &["--anonymous"]);
        assert_eq!(server.get("/readyz").status, 200);
    }
}

/// A server in this process over a disk in memory.
struct Served {
    base: String,
    pdp: Arc<Pdp>,
    _stop: tokio::sync::watch::Sender<bool>,
}

impl Served {
    async fn over(parts: &Parts, disk: &Disk) -> Self {
        let pdp = Arc::new(parts.open(disk));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let served = surface(Arc::clone(&pdp), Listener::Anonymous, Shutdown::on(stopped));
        tokio::spawn(warp::serve(served).incoming(listener).run());
        Self { base, pdp, _stop: stop }
    }

    async fn send(&self, method: &'static str, path: &'static str, body: Option<Value>) -> Answer {
        let base = self.base.clone();
        let sent = tokio::task::spawn_blocking(move || {
            let body = body.map(|body| body.to_string());
            call(&base, method, path, &[("content-type", "application/json")], body.as_deref().map(str::as_bytes))
        });
        sent.await.unwrap().unwrap()
    }

    async fn asks(&self) -> Answer {
        self.send("POST", "/access/v1/evaluation", Some(question("contoso", "removeSeats", "Subscription", "s"))).await
    }

    /// Everything that decides or changes, and how it is answered.
    async fn everything(&self) -> Vec<(&'static str, Answer)> {
        let one = question("contoso", "removeSeats", "Subscription", "s");
        let told = json!({ "name": "N", "kind": "advisor", "status": "active" });
        let mut subject = one.clone();
        subject["subject"] = json!({ "type": "Partner" });
        let mut answers = Vec::new();
        for (method, path, body) in [
            ("POST", "/access/v1/evaluation", Some(one.clone())),
            ("POST", "/access/v1/evaluations", Some(json!({ "evaluations": [one.clone(), one] }))),
            ("POST", "/access/v1/search/subject", Some(subject)),
            ("PUT", "/v1/partners/another", Some(told)),
            ("PUT", "/v1/customers/another", Some(json!({ "name": "N" }))),
            ("DELETE", "/v1/customers/c/delegated-administration", None),
            ("GET", "/v1/partners", None),
            ("GET", "/v1/decisions", None),
            ("GET", "/readyz", None),
        ] {
            answers.push((path, self.send(method, path, body).await));
        }
        answers
    }

    /// Waits until it answers again, asked for nothing but decisions; how often it did not.
    async fn recovers(&self) -> usize {
        let began = Instant::now();
        let mut refused = 0;
        while self.asks().await.status != 200 {
            refused += 1;
            assert!(began.elapsed() < Duration::from_secs(10), "it does not recover");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        refused
    }
}

/// How many bytes the full disk has left at first.
const ROOM: usize = 2 * 1024 * 1024;

#[track_caller]
fn all_are_refused(answers: &[(&str, Answer)]) {
    for (path, answer) in answers {
        assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"), "{path}: {}", answer.text);
        assert!(answer.header("standing-decision").is_none(), "{path}");
        assert!(answer.header("content-type").is_some_and(|media| media.contains("problem+json")), "{path}");
        assert!(answer.json().get("decision").is_none(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_answered_and_with_room_again_everything_is() {
    let played = Played::new().await;
    let disk = Disk::of(played.bytes.last().unwrap().clone());
    let served = Served::over(&played.parts, &disk).await;
    assert_eq!(served.asks().await.status, 200);
    let (before, begun) = (served.pdp.records().unwrap(), disk.bytes().len());
    disk.has_room(Some(begun + ROOM));
    // Batches until one does not fit, then one by one until even that does not: each answer has its record.
    let (mut batched, mut single) = (0, 0);
    let refused = loop {
        let questions = vec![question("contoso", "removeSeats", "Subscription", "s"); 100];
        let answer = served.send("POST", "/access/v1/evaluations", Some(json!({ "evaluations": questions }))).await;
        if answer.status != 200 {
            break answer;
        }
        batched += 100;
        assert!(batched < 100_000, "the disk is never full");
    };
    all_are_refused(&[("/access/v1/evaluations", refused)]);
    let began = Instant::now();
    // Just after a failure the file is opened again, and nothing fits for that moment.
    while began.elapsed() < Duration::from_secs(1) {
        let answer = served.asks().await;
        match answer.status {
            200 => single += 1,
            _ => all_are_refused(&[("/access/v1/evaluation", answer)]),
        }
    }
    println!("{batched} records fitted in batches, then {single} more one by one");
    assert!(batched > 0 && disk.bytes().len() <= begun + ROOM);
    disk.has_room(Some(0));
    all_are_refused(&served.everything().await);
    assert_eq!(served.send("GET", "/healthz", None).await.status, 200, "it is alive");
    disk.has_room(None);
    served.recovers().await;
    let answered = batched + single + 1;
    assert_eq!(served.pdp.records().unwrap() - before, answered, "every answer has its record, and nothing else has");
    for (path, answer) in served.everything().await {
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text);
    }
    assert_eq!(
        served.pdp.revision().0,
        played.parts.open(&Disk::of(played.bytes.last().unwrap().clone())).revision().0 + 2
    );
    drop(served);
    is_sound(&Disk::of(disk.bytes()).store(&played.parts.clock).unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_disk_is_broken_nothing_is_answered_and_it_recovers_by_itself() {
    let played = Played::new().await;
    let disk = Disk::of(played.bytes.last().unwrap().clone());
    let served = Served::over(&played.parts, &disk).await;
    let before = records(played.contents.last().unwrap()).len() as u64;
    disk.is_broken(true);
    all_are_refused(&served.everything().await);
    assert_eq!(served.send("GET", "/healthz", None).await.status, 200, "it is alive");
    disk.is_broken(false);
    let refused = served.recovers().await;
    assert_eq!(served.pdp.records().unwrap(), before + 1, "nothing was recorded that was not answered");
    assert_eq!(served.send("GET", "/readyz", None).await.status, 200);
    println!("{refused} were refused after the disk was mended");
}
