//! The process killed again and again under load: every answer a client got is in the ledger, and nothing else is odd.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use standing::audit::Record;
use standing::clock::System;
use standing::store::Store;

use crate::ledger_rows::{self, Leaves};
use crate::server::{Server, question, standing};
use crate::stage::ACTIONS;

const CLIENTS: usize = 16;
const PARTNERS: [&str; 3] = ["contoso", "fabrikam", "nobody"];
/// How many are asked at once, now and then.
const BATCH: usize = 10;
const BATCH_EVERY: usize = 40;

/// The run of every day, and the one that is made when it matters.
const DECISIONS: usize = 3_000;
const KILLS: usize = 3;
const MANY_DECISIONS: usize = 100_000;
const MANY_KILLS: usize = 20;

/// A connection that is kept alive.
struct Wire(BufReader<TcpStream>);

impl Wire {
    fn open(base: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(base.strip_prefix("http://").unwrap())?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Status, the header that names the records, and body.
    fn send(&mut self, method: &str, path: &str, id: &str, body: &Value) -> io::Result<(u16, String, Value)> {
        let body = body.to_string();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-request-id: {id}\r\ncontent-length: {length}\r\n\r\n"
        );
        self.0.get_mut().write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        let (mut status, mut records, mut length) = (0, String::new(), 0);
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let held = line.trim_end();
            if held.is_empty() {
                break;
            }
            match held.split_once(": ") {
                None => status = held.split(' ').nth(1).unwrap().parse().unwrap(),
                Some(("standing-decision", seqs)) => records = seqs.to_owned(),
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok((status, records, serde_json::from_slice(&body).unwrap()))
    }
}

/// An answer that a client got.
struct Got {
    id: String,
    question: Value,
    decision: bool,
}

/// What all clients share.
struct Load {
    base: Mutex<String>,
    answered: AtomicUsize,
    is_over: AtomicBool,
}

impl Load {
    fn wire(&self) -> Option<Wire> {
        let base = self.base.lock().unwrap().clone();
        match Wire::open(&base) {
            Ok(wire) => Some(wire),
            Err(_) => {
                std::thread::sleep(Duration::from_millis(5));
                None
            }
        }
    }

    /// Asks until it is over; the answers, by the places of their records.
    fn ask(&self, client: usize) -> Vec<(u64, Got)> {
        let mut got = Vec::new();
        let mut wire = None;
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            let Some(open) = wire.as_mut() else {
                wire = self.wire();
                continue;
            };
            let id = format!("{client}-{number}");
            let ask = |at: usize| {
                let partner = PARTNERS[at % PARTNERS.len()];
                question(partner, ACTIONS[at / PARTNERS.len() % ACTIONS.len()], "Subscription", "s-office")
            };
            let questions: Vec<Value> = match number % BATCH_EVERY {
                0 => (0..BATCH).map(|more| ask(number + more)).collect(),
                _ => vec![ask(number)],
            };
            let sent = match questions.as_slice() {
                [one] => open.send("POST", "/access/v1/evaluation", &id, one),
                many => open.send("POST", "/access/v1/evaluations", &id, &json!({ "evaluations": many })),
            };
            let Ok((status, records, answer)) = sent else {
                wire = None;
                continue;
            };
            assert_eq!(status, 200, "{answer}");
            let answers = match answer.get("evaluations") {
                Some(many) => many.as_array().unwrap().clone(),
                None => vec![answer],
            };
            let seqs = places(&records);
            assert_eq!((seqs.len(), answers.len()), (questions.len(), questions.len()), "{records}");
            for ((seq, question), answer) in seqs.into_iter().zip(questions).zip(answers) {
                let decision = answer["decision"].as_bool().unwrap();
                got.push((seq, Got { id: id.clone(), question, decision }));
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
        }
        got
    }

    /// Suspends and restores a partner until it is over, so that answers change; the revisions it was told.
    fn change(&self) -> Vec<u64> {
        let mut revisions = Vec::new();
        let mut wire = None;
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            let Some(open) = wire.as_mut() else {
                wire = self.wire();
                continue;
            };
            let status = if number % 2 == 0 { "suspended" } else { "active" };
            let told = json!({ "name": format!("Fabrikam {number}"), "kind": "directBill", "status": status });
            match open.send("PUT", "/v1/partners/fabrikam", &format!("change-{number}"), &told) {
                Ok((status, records, answer)) => {
                    assert_eq!(status, 200, "{answer}");
                    revisions.extend(places(&records));
                }
                Err(_) => wire = None,
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        revisions
    }
}

/// The places a header names: `7`, `7,9` or `7-9`.
fn places(header: &str) -> Vec<u64> {
    header
        .split(',')
        .flat_map(|part| {
            let (first, last) = part.trim().split_once('-').unwrap_or((part.trim(), part.trim()));
            first.parse::<u64>().unwrap()..=last.parse().unwrap()
        })
        .collect()
}

fn ledger(arguments: &[&str], data: &Path) -> (i32, String) {
    let output = standing(&[&["ledger"], arguments, &["--json", "--data", data.to_str().unwrap()]].concat());
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), said)
}

/// So many decisions under load, with the process killed so many times, and everything that must hold afterwards.
fn killed_under_load(decisions: usize, kills: usize, flips: usize) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    let load =
        Load { base: Mutex::new(server.base.clone()), answered: AtomicUsize::new(0), is_over: AtomicBool::new(false) };
    let began = Instant::now();
    let (got, changes, server) = std::thread::scope(|scope| {
        let mut server = server;
        let load = &load;
        let asking: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || load.ask(client))).collect();
        let changing = scope.spawn(move || load.change());
        for kill in 1..=kills {
            while load.answered.load(Ordering::Relaxed) < decisions * kill / (kills + 1) {
                assert!(!asking.iter().any(|client| client.is_finished()), "a client failed");
                std::thread::sleep(Duration::from_millis(1));
            }
            server.kill();
            server = Server::start(data.path(), &["--anonymous"]);
            load.base.lock().unwrap().clone_from(&server.base);
        }
        while load.answered.load(Ordering::Relaxed) < decisions {
            assert!(!asking.iter().any(|client| client.is_finished()), "a client failed");
            std::thread::sleep(Duration::from_millis(1));
        }
        load.is_over.store(true, Ordering::Relaxed);
        let got: Vec<_> = asking.into_iter().flat_map(|client| client.join().unwrap()).collect();
        (got, changing.join().unwrap(), server)
    });
    let took = began.elapsed();
    server.kill();
    let (code, said) = ledger(&["verify"], data.path());
    assert_eq!(code, 0, "{said}");
    let (code, said) = ledger(&["replay", "--all"], data.path());
    assert_eq!(code, 0, "{said}");
    let totals: Value = serde_json::from_str(said.trim().lines().last().unwrap()).unwrap();
    let totals = totals.get("totals").unwrap_or(&totals);
    assert_eq!((&totals["same"], &totals["factsDisagree"]), (&totals["records"], &json!(0)), "{said}");

    let store = Store::open(data.path(), Arc::new(System)).unwrap();
    let view = store.ledger().unwrap();
    let size = view.size().unwrap();
    let answered = got.len();
    let mut seen = BTreeSet::new();
    let mut kinds: BTreeMap<bool, usize> = BTreeMap::new();
    for (seq, got) in got {
        assert!(seen.insert(seq), "two answers are recorded at {seq}");
        let bytes = view.record(seq).unwrap().unwrap_or_else(|| panic!("the answer {seq} is not in the ledger"));
        let record = Record::from_bytes(&bytes).unwrap();
        let question = serde_json::to_value(&record.question).unwrap();
        for member in ["subject", "action", "resource"] {
            assert_eq!(question[member], got.question[member], "record {seq}");
        }
        assert_eq!((record.request_id, record.decision), (Some(got.id), got.decision), "record {seq}");
        *kinds.entry(got.decision).or_default() += 1;
    }
    assert_eq!(kinds.len(), 2, "both answers were given: {kinds:?}");
    for seq in changes.iter() {
        let record = Record::from_bytes(&view.record(*seq).unwrap().unwrap()).unwrap();
        assert_eq!(record.question.action.name, "Api::writePartner");
    }
    drop((view, store));
    let bytes = std::fs::metadata(data.path().join("standing.redb")).unwrap().len();
    println!(
        "{answered} answers and {} changes in {:.1} s with {kills} kills; {size} records in {bytes} bytes, {:.0} each",
        changes.len(),
        took.as_secs_f64(),
        bytes as f64 / size as f64
    );
    for flip in 0..flips {
        one_flipped_bit_is_named(data.path(), 1 + (size - 1) * flip as u64 / flips as u64, flip);
    }
}

/// Flips one bit of a record, looks whether that is found and named, and flips it back.
fn one_flipped_bit_is_named(data: &Path, seq: u64, bit: usize) {
    let flip = || {
        ledger_rows::tamper(data, Leaves::Before, |rows| {
            let row = rows.get_mut(&seq).unwrap();
            let at = row.len() * bit / 7 % row.len();
            row[at] ^= 1 << (bit % 8);
        });
    };
    flip();
    let (code, said) = ledger(&["verify"], data);
    let walked: Value = serde_json::from_str(said.lines().next().unwrap_or_default()).unwrap();
    let found: Vec<_> = walked["findings"].as_array().unwrap().iter().map(|finding| &finding["seq"]).collect();
    assert_eq!((code, found), (2, vec![&json!(seq)]), "{said}");
    flip();
}

#[test]
fn killed_under_load_every_answer_is_in_the_ledger_and_every_record_says_the_same_again() {
    killed_under_load(DECISIONS, KILLS, 3);
}

#[test]
#[ignore = "takes minutes"]
fn killed_twenty_times_in_a_hundred_thousand_decisions_nothing_is_lost() {
    killed_under_load(MANY_DECISIONS, MANY_KILLS, 5);
}
