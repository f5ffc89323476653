//! The index behind the records: whatever it has collected and written by then, lists are complete.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use standing::audit::{Indexed, Record, Recorded, Term};
use standing::clock::{SharedClock, System};
use standing::evidence;
use standing::id::Seq;
use standing::store::{Looked, Order, Store, has_terms};

use crate::decisions::asked_world;
use crate::stage::operator;

/// As many records as a segment is about.
const SEGMENT: usize = 65_536;

/// Records of questions and calls as they are written, of which those that `says` names say themselves what they are
/// found by, as all do that are made of answers.
async fn records(says: impl Fn(u64) -> bool) -> Vec<Recorded> {
    let world = asked_world(5).await;
    let mut records = Vec::new();
    for seq in 1..=world.pdp.records().unwrap().min(300) {
        let found = evidence::ledger::decision(&world.pdp, &operator(), Seq(seq)).await.unwrap().value.unwrap();
        let record = Record::from_bytes(&found.record).unwrap();
        let recorded = if says(seq) { record.recorded().unwrap() } else { Recorded::of(found.record.clone()) };
        assert_eq!(recorded.bytes, found.record);
        records.push(recorded);
    }
    records
}

fn open(data: &std::path::Path) -> Store {
    let clock: SharedClock = Arc::new(System);
    Store::open(data, clock).unwrap()
}

/// The records that have all of some terms, as a walk finds them.
fn walked(store: &Store, terms: &[Term], order: Order) -> Vec<u64> {
    let reader = store.ledger_reader().unwrap();
    let (mut walk, mut found, mut looks) = (reader.walk(terms, order), Vec::new(), usize::MAX);
    let mut from = match order {
        Order::Oldest => Seq(1),
        Order::Newest => reader.newest().unwrap(),
    };
    while let Looked::Found(seq) = walk.next(from, &mut looks).unwrap() {
        if has_terms(&reader.record(seq).unwrap().unwrap(), terms) {
            found.push(seq.0);
        }
        match order {
            Order::Oldest => from = seq.next(),
            Order::Newest if seq.0 == 1 => break,
            Order::Newest => from = Seq(seq.0 - 1),
        }
    }
    found
}

/// Where each term is, by a look at every record; the ledger repeats `records` from its beginning to its end.
fn expected(records: &[Recorded], size: usize, terms: &[Term]) -> Vec<u64> {
    let has: Vec<bool> = records.iter().map(|record| has_terms(&record.bytes, terms)).collect();
    (0..size).filter(|at| has[at % records.len()]).map(|at| at as u64 + 1).collect()
}

fn questions(records: &[Recorded]) -> Vec<Vec<Term>> {
    let mut by_count: BTreeMap<Term, usize> = BTreeMap::new();
    for record in records {
        for term in Indexed::read(&record.bytes).terms {
            *by_count.entry(term).or_default() += 1;
        }
    }
    let terms: Vec<Term> = by_count.keys().step_by(by_count.len() / 4).cloned().collect();
    let pairs = records.iter().step_by(120).map(|record| {
        let terms = Indexed::read(&record.bytes).terms;
        vec![terms[0].clone(), terms[2].clone()]
    });
    terms.into_iter().map(|term| vec![term]).chain(pairs).collect()
}

/// Holds lists against a look at every record.
fn is_complete(store: &Store, records: &[Recorded], when: &str) {
    let size = usize::try_from(store.records().unwrap()).unwrap();
    for terms in questions(records) {
        let expected = expected(records, size, &terms);
        assert_eq!(walked(store, &terms, Order::Oldest), expected, "{when}: {terms:?}");
        let newest: Vec<u64> = expected.into_iter().rev().collect();
        assert_eq!(walked(store, &terms, Order::Newest), newest, "{when}, from the newest on: {terms:?}");
    }
}

fn is_indexed(store: &Store) {
    let size = store.records().unwrap();
    while store.indexed_to() < Seq(size) {
        std::thread::yield_now();
    }
}

/// The records of a ledger that repeats `records`, after the first `from` and up to `to`.
fn repeated(records: &[Recorded], from: usize, to: usize) -> Vec<Recorded> {
    (from..to).map(|at| records[at % records.len()].clone()).collect()
}

async fn append_up_to(store: &Store, records: &[Recorded], size: usize) {
    let from = usize::try_from(store.records().unwrap()).unwrap();
    for more in repeated(records, from, size).chunks(5_000) {
        store.append(more.to_vec()).await.unwrap();
    }
}

/// Appends more records than a segment has, from two tasks at once: each time all of `records` as often as they fit, so
/// that the ledger goes on repeating them whichever task is first.
async fn append_from_two_tasks(store: &Arc<Store>, records: &[Recorded]) {
    let from = usize::try_from(store.records().unwrap()).unwrap();
    let count = 5_000 / records.len() * records.len();
    let (more, times) = (repeated(records, from, from + count), SEGMENT / (2 * count) + 1);
    let (same, other) = (more.clone(), Arc::clone(store));
    let second = tokio::spawn(async move {
        for _ in 0..times {
            other.append(same.clone()).await.unwrap();
        }
    });
    for _ in 0..times {
        store.append(more.clone()).await.unwrap();
    }
    second.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_complete_where_some_records_say_nothing_of_themselves() {
    let data = tempfile::tempdir().unwrap();
    let records = records(|seq| seq % 5 != 0).await;
    let store = open(data.path());
    for size in [500, SEGMENT + 100] {
        append_up_to(&store, &records, size).await;
        is_complete(&store, &records, &format!("{size} records, some of them not collected yet"));
        is_indexed(&store);
        is_complete(&store, &records, &format!("{size} records, all of them collected"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_complete_before_the_records_are_collected_and_after_and_once_a_segment_is_written() {
    let data = tempfile::tempdir().unwrap();
    let records = records(|_| true).await;
    let store = Arc::new(open(data.path()));
    let is_complete_now = |store: &Store| {
        let size = store.records().unwrap();
        is_complete(store, &records, &format!("{size} records, some of them not collected yet"));
        is_indexed(store);
        is_complete(store, &records, &format!("{size} records, all of them collected"));
    };
    // Short of a segment, past one, which is written while records come, and past another.
    append_up_to(&store, &records, 500).await;
    is_complete_now(&store);
    append_from_two_tasks(&store, &records).await;
    is_complete_now(&store);
    append_up_to(&store, &records, 2 * SEGMENT + 1).await;
    is_complete_now(&store);
    // What was in memory is collected again.
    drop(store);
    let store = open(data.path());
    is_complete(&store, &records, "just opened");
    is_indexed(&store);
    is_complete(&store, &records, "opened and collected");
    let segments = |data: &std::path::Path| {
        let spans = redb::TableDefinition::<u64, u64>::new("ledger_segment_spans");
        let database = redb::Database::open(data.join("standing.redb")).unwrap();
        let read = redb::ReadableDatabase::begin_read(&database).unwrap();
        let table = read.open_table(spans).unwrap();
        let rows = redb::ReadableTable::iter(&table).unwrap().map(|row| row.unwrap());
        rows.map(|(first, last)| (first.value(), last.value())).collect::<Vec<_>>()
    };
    drop(store);
    // What is collected becomes a segment only after that: a store that is dropped before has it still to write.
    let began = Instant::now();
    while segments(data.path()).len() < 2 {
        assert!(began.elapsed() < Duration::from_secs(120), "no second segment was written");
        let store = open(data.path());
        is_indexed(&store);
        std::thread::sleep(Duration::from_millis(200));
    }
    let (first, second) = (SEGMENT as u64, 2 * SEGMENT as u64);
    assert_eq!(segments(data.path()), [(1, first), (first + 1, second)]);
    // Records that are archived must be in a segment first, however short it becomes.
    let store = open(data.path());
    store.drop_archived(1..=second + 1, "a file".to_owned()).await.unwrap();
    let size = usize::try_from(store.records().unwrap()).unwrap();
    let reader = store.ledger_reader().unwrap();
    for terms in questions(&records) {
        let mut walk = reader.walk(&terms, Order::Newest);
        let last = expected(&records, size, &terms).pop();
        let found = match walk.next(Seq(size as u64), &mut usize::MAX.clone()).unwrap() {
            Looked::Found(seq) => Some(seq.0),
            _ => None,
        };
        assert!(found >= last, "{terms:?}: {found:?} where {last:?} has them");
    }
    drop(reader);
    drop(store);
    assert_eq!(segments(data.path()), [(1, first), (first + 1, second), (second + 1, second + 1)]);
}
