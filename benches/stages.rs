//! What the stages of an answer cost, in process and one after the other: `cargo bench --bench stages`.
//!
//! A store is filled by formula as `standing_vs_bare` does it. Each stage is run over random subscriptions, and the best
//! of several rounds is printed in microseconds, so that a regression has a place.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use standing::answer::batch::{self, Batch, Semantic};
use standing::answer::past::ReadOptions;
use standing::audit::{Record, RecordKind};
use standing::caller::Caller;
use standing::change::import::import;
use standing::clock::{SharedClock, System};
use standing::decide::{Namespace, decide};
use standing::domain::grant::Multichannel;
use standing::facts::Needs;
use standing::limits::Limits;
use standing::pdp::call::Call;
use standing::pdp::links::LinkRing;
use standing::pdp::{Pdp, Terms};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::question::{Entity, Question};
use standing::store::Store;

/// What is measured.
#[derive(Parser)]
struct Settings {
    /// How many subscriptions the store holds.
    #[arg(long, default_value_t = 100_000)]
    subscriptions: u64,
    /// How many times each stage is run in a round.
    #[arg(long, default_value_t = 20_000)]
    times: u64,
    /// How many rounds there are, of which the best is printed.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

const PARTNERS: u64 = 100;

fn main() {
    let settings = Settings::parse();
    let folder = tempfile::tempdir().unwrap();
    let open = || Store::open(folder.path(), Arc::new(System)).unwrap();
    let rules = || Bundle::load(RuleFiles::built_in(), Rulebook::Domain).unwrap();
    let pdp = || {
        let clock: SharedClock = Arc::new(System);
        let terms = Terms {
            multichannel: Multichannel::default(),
            limits: Limits::default(),
            public_url: "http://localhost".to_owned(),
            solver: None,
        };
        Pdp::of(open(), LinkRing::of_seed([7; 32], &clock), rules(), terms).unwrap()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let call = Call::of(Caller::local());
    let lines = Cursor::new(lines(settings.subscriptions).into_bytes());
    let began = Instant::now();
    runtime.block_on(import(&pdp(), &call, lines, |_, _| {})).unwrap();
    println!("{:.0} subscriptions imported a second", settings.subscriptions as f64 / began.elapsed().as_secs_f64());

    let (bundle, store) = (rules(), open());
    let snapshot = store.snapshot().unwrap();
    let view = snapshot.view();
    let (at, mut place) = (store.now(), 0_u64);
    let mut next = |is_no: bool| {
        place = (place + 7_919) % settings.subscriptions;
        question(place, is_no)
    };
    let stage = |name: &str, run: &mut dyn FnMut()| {
        let best = (0..settings.rounds).map(|_| {
            let began = Instant::now();
            (0..settings.times).for_each(|_| run());
            began.elapsed().as_secs_f64() * 1e6 / settings.times as f64
        });
        println!("{:8.2} us  {name}", best.fold(f64::INFINITY, f64::min));
    };
    stage("a question is made", &mut || drop(black_box(next(false))));
    stage("a snapshot of the store is opened", &mut || drop(black_box(store.snapshot().unwrap())));
    stage("its facts are read, a question made", &mut || {
        let question = next(false);
        drop(black_box(view.facts(&Needs::of(&question.subject, &question.resource), at).unwrap()));
    });
    for (answer, is_no) in [("yes", false), ("no", true)] {
        let question = next(is_no);
        let facts = view.facts(&Needs::of(&question.subject, &question.resource), at).unwrap();
        stage(&format!("a {answer} is decided"), &mut || {
            drop(black_box(decide(&bundle, Namespace::Domain, &question, &facts)));
        });
        let decision = decide(&bundle, Namespace::Domain, &question, &facts);
        let record = || {
            let (question, facts) = (question.clone(), facts.clone());
            Record::of(call.caller.clone(), RecordKind::Evaluation, question, facts, bundle.digest().clone(), &decision)
        };
        stage(&format!("a record of a {answer} is made"), &mut || drop(black_box(record())));
        stage("a record is made, written and hashed", &mut || {
            drop(black_box(store.recorded(record()).unwrap()));
        });
    }
    drop((snapshot, store));
    let pdp = pdp();
    let batch = |size: u64| {
        let questions = (0..size).map(|place| Ok(question(place * 7_919 % settings.subscriptions, false))).collect();
        Batch { questions, semantic: Semantic::ExecuteAll }
    };
    let options = ReadOptions::default();
    let began = Instant::now();
    for _ in 0..20 {
        runtime.block_on(batch::ask_all(&pdp, &call, batch(1_000), &options)).unwrap();
    }
    println!("{:8.2} us  an answer in batches of 1,000, durable", began.elapsed().as_secs_f64() * 1e6 / 20_000.0);
}

fn question(place: u64, is_no: bool) -> Question {
    let partner = (place + u64::from(is_no)) % PARTNERS;
    let (subject, resource) =
        (Entity::new("Partner", format!("p-{partner}")), Entity::new("Subscription", format!("s-{place}")));
    Question::new(subject, "addSeats", resource)
}

fn lines(subscriptions: u64) -> String {
    let mut lines = String::new();
    for partner in 0..PARTNERS {
        lines += &format!(
            "{{\"noun\":\"partner\",\"id\":\"p-{partner}\",\"name\":\"P\",\"kind\":\"directBill\",\"status\":\"active\"}}\n"
        );
    }
    for place in 0..subscriptions {
        let (customer, seller) = (place / 4, place % PARTNERS);
        if place % 4 == 0 {
            lines += &format!("{{\"noun\":\"customer\",\"id\":\"c-{customer}\",\"name\":\"C\"}}\n");
        }
        lines += &format!(
            "{{\"noun\":\"subscription\",\"id\":\"s-{place}\",\"customer\":\"c-{customer}\",\"service\":\"office365\",\"originalReseller\":\"p-{seller}\",\"quantity\":3,\"status\":\"active\"}}\n"
        );
    }
    lines
}
