//! The ledger as evidence: every record is in a signed tree, and what was changed since is found and named.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::BufReader;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Instant;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use redb::TableDefinition;
use serde_json::{Value, json};
use sha2::Sha256;
use standing::audit::{
    Hash, LedgerKey, Node, Peaks, Recorded, VerifierKey, consistency, inclusion, leaf_hash, leaf_node, parse_hash,
    verify_consistency, verify_inclusion, verify_lines,
};
use standing::clock::System;
use standing::store::Store;
use tempfile::TempDir;

use crate::ledger_rows::{
    FRAMES, LEDGER, Leaves, Numbered, Rows, TREE, as_before_frames, change_file, tamper, tamper_table,
};
use crate::server::{Server, question, standing};

const ENTRIES: TableDefinition<u64, &[u8]> = TableDefinition::new("entries");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const SIZES: u64 = 70;

/// A tree of records, all its full nodes, and the reference beside it.
struct Grown {
    nodes: BTreeMap<u64, Hash>,
    peaks: Peaks,
    reference: MemoryBackedTree<Sha256, Vec<u8>>,
}

fn record(number: u64) -> Vec<u8> {
    format!("{{\"record\":{number}}}").into_bytes()
}

impl Grown {
    fn to(size: u64) -> Self {
        let mut grown = Self { nodes: BTreeMap::new(), peaks: Peaks::default(), reference: MemoryBackedTree::new() };
        for number in 1..=size {
            let nodes = &mut grown.nodes;
            let Ok(()) = grown.peaks.push(leaf_hash(&record(number)), |node, hash| {
                assert!(nodes.insert(node, *hash).is_none(), "node {node} is full twice");
                Ok::<(), Infallible>(())
            });
            grown.reference.push(record(number));
        }
        grown
    }

    fn node(&self, node: u64) -> Result<Hash, u64> {
        self.nodes.get(&node).copied().ok_or(node)
    }
}

#[test]
fn roots_and_proofs_are_those_of_the_reference_at_every_size() {
    let all = Grown::to(SIZES);
    for size in 0..=SIZES {
        let grown = Grown::to(size);
        let root = grown.peaks.root();
        assert_eq!(root.as_slice(), grown.reference.root().as_bytes().as_slice(), "the root at {size}");
        assert_eq!(Peaks::read(size, |node| all.node(node)).unwrap(), grown.peaks, "the peaks at {size}");
        for seq in 1..=size {
            let proof = inclusion(seq, size, |node| all.node(node)).unwrap().unwrap();
            let index = usize::try_from(seq - 1).unwrap();
            assert_eq!(proof.concat(), grown.reference.prove_inclusion(index).as_bytes(), "{seq} of {size}");
            assert!(verify_inclusion(&record(seq), seq, size, &root, &proof));
            assert!(!verify_inclusion(&record(seq + 1), seq, size, &root, &proof));
            let mut other = root;
            other[31] ^= 1;
            assert!(!verify_inclusion(&record(seq), seq, size, &other, &proof));
        }
        for from in 1..=size {
            let before = Peaks::read(from, |node| all.node(node)).unwrap().root();
            let proof = consistency(from, size, |node| all.node(node)).unwrap().unwrap();
            let added = usize::try_from(size - from).unwrap();
            assert_eq!(proof.concat(), grown.reference.prove_consistency(added).as_bytes(), "{from} to {size}");
            assert!(verify_consistency(from, &before, size, &root, &proof));
            let mut other = before;
            other[0] ^= 1;
            assert!(!verify_consistency(from, &other, size, &root, &proof));
        }
    }
}

#[test]
fn a_checkpoint_is_a_signed_note_and_any_other_byte_breaks_it() {
    let key = LedgerKey::of_seed(&[3; 32], "standing/test").unwrap();
    let note = key.sign(5, [9; 32]).unwrap();
    assert!(note.starts_with("standing/test\n5\nCQkJ"), "{note}");
    let public = VerifierKey::parse(key.public().text()).unwrap();
    let opened = public.open(&note).unwrap();
    assert_eq!((opened.origin.as_str(), opened.size, opened.root), ("standing/test", 5, [9; 32]));
    assert_eq!(LedgerKey::parse(key.text()).unwrap().sign(5, [9; 32]).unwrap(), note);
    for at in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        assert!(public.open(&text).is_err(), "byte {at} may be anything: {text}");
    }
    let other = LedgerKey::of_seed(&[4; 32], "standing/test").unwrap();
    assert!(other.public().open(&note).is_err());
    assert!(LedgerKey::of_seed(&[3; 32], "a name").is_err());
}

/// A data directory whose ledger has some decisions, with no server on it any more.
struct Kept {
    data: TempDir,
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

impl Kept {
    /// Decides so many questions, stops the server, which signs the ledger then.
    fn with(decisions: u64) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), &["--anonymous"]);
        for number in 0..decisions {
            let asked = question(&format!("p{number}"), "provision", "Service", "c/office365");
            assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
        }
        assert!(server.terminate().success());
        Self { data }
    }

    fn path(&self) -> &Path {
        self.data.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        standing(&[&["ledger"], arguments, &["--data", self.path().to_str().unwrap()]].concat())
    }

    fn verified(&self) -> (i32, Value) {
        let output = self.run(&["verify", "--json"]);
        (code(&output), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output))))
    }

    /// The faults that are found, each with the first record it touches.
    fn findings(&self) -> Vec<(String, u64)> {
        let (code, walked) = self.verified();
        let found: Vec<_> = walked["findings"].as_array().unwrap().iter().map(fault).collect();
        assert_eq!(code, if found.is_empty() { 0 } else { 2 }, "{walked}");
        assert_eq!(walked["whole"], found.is_empty());
        found
    }

    /// Changes the records behind the back of everything, and not their leaves.
    fn tamper(&self, change: impl FnOnce(&mut Rows)) {
        tamper(self.path(), Leaves::Before, change);
    }

    fn tamper_table(&self, table: Numbered, change: impl FnOnce(&mut Rows)) {
        tamper_table(self.path(), table, change);
    }

    /// The same ledger as it was written before there were frames.
    fn before_frames(&self) -> Self {
        let copy = self.copy();
        as_before_frames(copy.path());
        copy
    }

    /// A copy of the directory, to be tampered with.
    fn copy(&self) -> Self {
        let data = tempfile::tempdir().unwrap();
        for name in ["standing.redb", "ledger.key", "ledger.pub", "link-keys.json"] {
            std::fs::copy(self.path().join(name), data.path().join(name)).unwrap();
        }
        Self { data }
    }

    fn file(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_owned()
    }
}

fn fault(finding: &Value) -> (String, u64) {
    (finding["fault"].as_str().unwrap().to_owned(), finding["seq"].as_u64().unwrap())
}

fn found(fault: &str, seq: u64) -> Vec<(String, u64)> {
    vec![(fault.to_owned(), seq)]
}

#[test]
fn what_was_done_to_a_ledger_is_found_and_named() {
    let kept = Kept::with(9);
    let before_frames = kept.before_frames();
    for kept in [kept, before_frames] {
        what_is_done_is_found_and_named(&kept);
    }
}

fn what_is_done_is_found_and_named(kept: &Kept) {
    assert_eq!(kept.findings(), []);
    let output = kept.run(&["verify"]);
    assert!(said(&output).starts_with("the ledger is whole: "), "{}", said(&output));

    let changed = kept.copy();
    changed.tamper(|rows| {
        let row = String::from_utf8(rows[&4].clone()).unwrap().replace("\"decision\":false", "\"decision\":true");
        rows.insert(4, row.into_bytes());
    });
    let output = changed.run(&["verify"]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).starts_with("record 4 was changed: "), "{}", said(&output));
    assert!(said(&output).contains("not as it was written, from record 4 on"), "{}", said(&output));

    let dropped = kept.copy();
    dropped.tamper(|rows| {
        rows.remove(&5);
        rows.remove(&6);
    });
    assert_eq!(dropped.findings(), found("dropped", 5));

    let closed_up = kept.copy();
    closed_up.tamper(|rows| {
        *rows = rows
            .clone()
            .into_values()
            .enumerate()
            .filter(|(at, _)| *at != 2)
            .enumerate()
            .map(|(at, (_, row))| (at as u64 + 1, row))
            .collect()
    });
    assert_eq!(closed_up.findings(), found("dropped", 3));

    let swapped = kept.copy();
    swapped.tamper(|rows| {
        let (two, seven) = (rows[&2].clone(), rows[&7].clone());
        rows.insert(2, seven);
        rows.insert(7, two);
    });
    assert_eq!(swapped.findings(), found("swapped", 2));

    let neighbours = kept.copy();
    neighbours.tamper(|rows| {
        let (two, three) = (rows[&2].clone(), rows[&3].clone());
        rows.insert(2, three);
        rows.insert(3, two);
    });
    assert_eq!(neighbours.findings(), found("swapped", 2));

    let inserted = kept.copy();
    inserted.tamper(|rows| {
        let mut forged = rows[&1].clone();
        forged[20] ^= 1;
        let mut all: Vec<_> = rows.values().cloned().collect();
        all.insert(3, forged);
        *rows = (1..).zip(all).collect();
    });
    assert_eq!(inserted.findings(), found("inserted", 4));

    let appended = kept.copy();
    appended.tamper(|rows| {
        // Nine questions, and two verifications before this one.
        rows.insert(12, rows[&1].clone());
    });
    assert_eq!(appended.findings(), found("inserted", 12));
    // The call that verified stands in its place by now, and it is still told of.
    assert_eq!(appended.findings(), found("inserted", 12));
}

#[test]
fn a_ledger_cut_off_or_rewritten_with_its_tree_is_not_what_was_signed() {
    let kept = Kept::with(9);
    let cut = kept.copy();
    cut.tamper_table(FRAMES, |rows| rows.retain(|first, _| *first <= 6));
    assert_eq!(cut.findings(), found("dropped", 7));
    let cut = kept.before_frames();
    cut.tamper_table(LEDGER, |rows| rows.retain(|seq, _| *seq <= 6));
    cut.tamper_table(TREE, |rows| {
        for row in rows.values_mut() {
            row.truncate(11 * 32);
            // Nodes that are not full over six records.
            row[7 * 32..8 * 32].fill(0);
        }
    });
    assert_eq!(cut.findings(), found("dropped", 7));

    // Whoever can rewrite record, leaf and every node above it cannot sign the root.
    for rewritten in [kept.copy(), kept.before_frames()] {
        tamper(rewritten.path(), Leaves::Forged, |rows| {
            let row = String::from_utf8(rows[&4].clone()).unwrap().replace("\"decision\":false", "\"decision\":true");
            rows.insert(4, row.into_bytes());
        });
        let (code, walked) = rewritten.verified();
        assert_eq!((code, fault(&walked["findings"][0]).0), (2, "checkpoint".to_owned()), "{walked}");
    }

    let unsigned = kept.copy();
    std::fs::remove_file(unsigned.file("ledger.key")).unwrap();
    let output = unsigned.run(&["verify"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("ledger.key") && said(&output).contains("--new-keys"), "{}", said(&output));
}

#[test]
fn one_flipped_bit_of_any_record_or_node_is_found_where_it_is() {
    let kept = Kept::with(6);
    let open = || Store::open(kept.path(), Arc::new(System)).unwrap();
    let size = open().records().unwrap();
    let (records, tree): (Vec<Vec<u8>>, Vec<u8>) = {
        let store = open();
        let view = store.ledger().unwrap();
        let records = (1..=size).map(|seq| view.record(seq).unwrap().unwrap()).collect();
        let nodes = (0..=leaf_node(size - 1)).flat_map(|node| view.node(node).unwrap().unwrap_or_default());
        (records, nodes.collect())
    };
    let walked = |records: &[Vec<u8>], tree: &[u8]| {
        let mut walk = standing::audit::Walk::after(Peaks::default());
        let node = |node: u64| -> Option<Hash> {
            let hash: Hash = tree.get(node as usize * 32..)?.get(..32)?.try_into().unwrap();
            (hash != [0; 32]).then_some(hash)
        };
        let stored = |number: u64| node(number).map_or(Node::Missing, Node::Stored);
        for (seq, record) in (1..).zip(records) {
            walk.step(standing::audit::Place::Record(record), node(leaf_node(seq - 1)), Some(&stored));
        }
        walk.end()
    };
    assert!(walked(&records, &tree).whole);
    for (at, record) in records.iter().enumerate() {
        for bit in 0..record.len() * 8 {
            let mut records = records.clone();
            records[at][bit / 8] ^= 1 << (bit % 8);
            let walked = walked(&records, &tree);
            let seqs: Vec<u64> = walked.findings.iter().map(|finding| finding.seq).collect();
            assert_eq!(seqs, [at as u64 + 1], "bit {bit} of record {}: {walked:?}", at + 1);
        }
    }
    for bit in 0..tree.len() * 8 {
        let node = bit as u64 / 256;
        let mut flipped = tree.clone();
        let is_full = tree[node as usize * 32..][..32] != [0; 32];
        flipped[bit / 8] ^= 1 << (bit % 8);
        let walked = walked(&records, &flipped);
        assert_eq!(walked.findings.len(), usize::from(is_full), "bit {bit} of node {node}: {walked:?}");
    }
}

#[test]
fn whatever_is_done_to_a_frame_is_found() {
    let kept = Kept::with(6);
    let frames = |change: &dyn Fn(&mut Rows)| {
        let changed = kept.copy();
        changed.tamper_table(FRAMES, change);
        changed.findings()
    };
    assert_eq!(frames(&|_| ()), []);
    let lengths: Vec<usize> = {
        let mut lengths = Vec::new();
        kept.copy().tamper_table(FRAMES, |rows| lengths.extend(rows.values().map(Vec::len)));
        lengths
    };
    for (first, length) in [(1, lengths[0]), (3, lengths[2]), (6, lengths[5])] {
        for at in (0..length).step_by(29) {
            let found = frames(&|rows| rows.get_mut(&first).unwrap()[at] ^= 4);
            assert_eq!(found, vec![("unreadable".to_owned(), first)], "byte {at} of the frame of record {first}");
        }
        assert_eq!(frames(&|rows| rows.get_mut(&first).unwrap().truncate(40)), vec![("unreadable".to_owned(), first)]);
    }
    let swapped = frames(&|rows| {
        let (two, four) = (rows[&2].clone(), rows[&4].clone());
        rows.insert(2, four);
        rows.insert(4, two);
    });
    assert_eq!(swapped.first(), Some(&("tree".to_owned(), 2)), "{swapped:?}");
    assert_eq!(frames(&|rows| drop(rows.remove(&3))), found("dropped", 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_records_at_once_are_proved_archived_and_read_like_one_by_one() {
    let (together, apart) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let records: Vec<Recorded> = (1..=1_100).map(|number| Recorded::of(record(number))).collect();
    for (data, at_once) in [(&together, 700), (&apart, 1)] {
        let store = Store::open(data.path(), Arc::new(System)).unwrap();
        for records in records.chunks(at_once) {
            store.append(records.to_vec()).await.unwrap();
        }
    }
    let grown = Grown::to(1_100);
    for data in [together, apart] {
        let store = Store::open(data.path(), Arc::new(System)).unwrap();
        for archived in [0, 300, 301, 1_099] {
            if archived > 0 {
                store
                    .drop_archived(store.ledger().unwrap().first().unwrap().unwrap()..=archived, "file".to_owned())
                    .await
                    .unwrap();
            }
            let view = store.ledger().unwrap();
            assert_eq!((view.size().unwrap(), view.first().unwrap()), (1_100, Some(archived + 1)));
            for (node, hash) in &grown.nodes {
                assert_eq!(view.node(*node).unwrap(), Some(*hash), "node {node}");
            }
            for size in [1, 255, 256, 257, 300, 1_099, 1_100] {
                assert_eq!(view.peaks(size).unwrap(), Peaks::read(size, |node| grown.node(node)).unwrap());
            }
            for seq in 1..=1_100 {
                let expected = (seq > archived).then(|| record(seq));
                assert_eq!(view.record(seq).unwrap(), expected, "record {seq} of which {archived} are archived");
            }
        }
        store.append(vec![Recorded::of(record(1_101))]).await.unwrap();
        assert_eq!(store.ledger().unwrap().peaks(1_101).unwrap(), Grown::to(1_101).peaks);
    }
}

#[test]
fn a_flipped_bit_anywhere_in_the_file_changes_no_record_unnoticed() {
    let kept = Kept::with(6);
    let whole = std::fs::read(kept.file("standing.redb")).unwrap();
    let read = |data: &Path| -> Result<Vec<Option<Vec<u8>>>, String> {
        let store = Store::open(data, Arc::new(System)).map_err(|error| error.to_string())?;
        let view = store.ledger().map_err(|error| error.to_string())?;
        let size = view.size().map_err(|error| error.to_string())?;
        Ok((1..=size).map(|seq| view.record(seq).unwrap_or_default()).collect())
    };
    let before = read(kept.path()).unwrap();
    let flipped = kept.copy();
    let (mut refused, mut noticed, mut unused) = (0, 0, 0);
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    for at in used.iter().step_by(used.len() / 60 + 1) {
        let mut bytes = whole.clone();
        bytes[*at] ^= 0x10;
        std::fs::write(flipped.file("standing.redb"), &bytes).unwrap();
        let output = flipped.run(&["verify", "--json"]);
        match code(&output) {
            1 => refused += 1,
            2 => noticed += 1,
            0 => {
                let now = read(flipped.path()).unwrap();
                assert_eq!(now[..before.len()], before, "byte {at} was flipped and nothing was noticed");
                unused += 1;
            }
            code => panic!("byte {at}: {code}: {}", said(&output)),
        }
    }
    println!("{refused} refused, {noticed} noticed, {unused} of no record");
    assert!(refused + noticed > 0);
}

#[test]
fn proofs_over_http_hold_with_the_public_key_alone() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--anonymous"]);
    for number in 0..11 {
        let asked = question(&format!("p{number}"), "provision", "Service", "c/office365");
        server.post("/access/v1/evaluation", &asked);
    }
    let key = VerifierKey::parse(&std::fs::read_to_string(data.path().join("ledger.pub")).unwrap()).unwrap();
    let mode = std::fs::metadata(data.path().join("ledger.key")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
    let signed = server.get("/v1/ledger/checkpoint").json();
    let early = key.open(signed["note"].as_str().unwrap()).unwrap();
    assert_eq!((signed["size"].as_u64(), signed["origin"].as_str()), (Some(early.size), Some(early.origin.as_str())));
    assert_eq!(early.size, 11);
    for _ in 0..3 {
        server.get("/v1/partners");
    }
    let text = server.send("GET", "/v1/ledger/checkpoint", &[("accept", "text/plain")], None);
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    let late = key.open(&text.text).unwrap();
    let hashes = |proof: &Value| -> Vec<Hash> {
        proof["proof"].as_array().unwrap().iter().map(|hash| parse_hash(hash.as_str().unwrap()).unwrap()).collect()
    };
    let grown = server.get(&format!("/v1/ledger/consistency?from={}&to={}", early.size, late.size)).json();
    assert!(verify_consistency(early.size, &early.root, late.size, &late.root, &hashes(&grown)), "{grown}");
    for seq in 1..=early.size {
        for (size, root) in [(early.size, early.root), (late.size, late.root)] {
            let proof = server.get(&format!("/v1/ledger/proof?seq={seq}&size={size}")).json();
            // The exact bytes are those of an export; the answer about a decision says their hash.
            let hash = server.get(&format!("/v1/decisions/{seq}")).json()["hash"].clone();
            assert_eq!(proof["leafHash"], hash);
            assert_eq!(parse_hash(proof["rootHash"].as_str().unwrap()), Some(root));
        }
    }
    for (path, status, code) in [
        ("/v1/ledger/proof", 400, "missing_parameter"),
        ("/v1/ledger/proof?seq=0", 400, "invalid_number"),
        ("/v1/ledger/proof?seq=x", 400, "invalid_parameter"),
        ("/v1/ledger/proof?seq=99999", 404, "record_not_in_tree"),
        ("/v1/ledger/proof?seq=3&size=2", 404, "record_not_in_tree"),
        ("/v1/ledger/proof?seq=1&size=99999", 404, "size_beyond_ledger"),
        ("/v1/ledger/proof?seq=1&to=3", 400, "unknown_parameter"),
        ("/v1/ledger/consistency", 400, "missing_parameter"),
        ("/v1/ledger/consistency?from=0", 400, "invalid_number"),
        ("/v1/ledger/consistency?from=3&to=2", 400, "sizes_backwards"),
        ("/v1/ledger/consistency?from=1&to=99999", 404, "size_beyond_ledger"),
        ("/v1/ledger/export?mask=nothing", 400, "invalid_parameter"),
    ] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path}: {}", answer.text);
    }
    // An export has the bytes, and they are what the proofs are about.
    let export = server.get("/v1/ledger/export").text;
    let line = export.lines().nth(3).unwrap();
    let bytes = line.split_once("\"record\":").unwrap().1.strip_suffix('}').unwrap();
    let proof = server.get(&format!("/v1/ledger/proof?seq=3&size={}", late.size)).json();
    assert!(verify_inclusion(bytes.as_bytes(), 3, late.size, &late.root, &hashes(&proof)), "{line}");
    // Asked through the socket, while the server holds the store.
    let output = standing(&["ledger", "verify", "--data", data.path().to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", said(&output));
}

#[test]
fn an_export_is_verified_by_an_outsider_and_names_what_was_done_to_it() {
    let kept = Kept::with(9);
    let (file, public, tampered) = (kept.file("out.ndjson"), kept.file("ledger.pub"), kept.file("tampered.ndjson"));
    let output = kept.run(&["export", &file]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let verify = |file: &str| standing(&["ledger", "verify", "--file", file, "--key", &public, "--json"]);
    let output = verify(&file);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let lines: Vec<String> = std::fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
    let first = |lines: &[String]| {
        std::fs::write(&tampered, lines.join("\n") + "\n").unwrap();
        let output = verify(&tampered);
        assert_eq!(code(&output), 2, "{}", said(&output));
        let walked: Value = serde_json::from_slice(&output.stdout).unwrap();
        fault(&walked["findings"][0])
    };
    let changed = |from: &str, to: &str| {
        let mut lines = lines.clone();
        lines[4] = lines[4].replace(from, to);
        assert_ne!(lines[4], "", "{from}");
        lines
    };
    assert_eq!(first(&changed("\"decision\":false", "\"decision\":true")), ("changed".to_owned(), 4));
    let mut without = lines.clone();
    without.remove(4);
    assert_eq!(first(&without), ("dropped".to_owned(), 4));
    let mut swapped = lines.clone();
    swapped.swap(4, 5);
    assert_eq!(first(&swapped), ("swapped".to_owned(), 4));
    let mut apart = lines.clone();
    apart.swap(2, 7);
    assert_eq!(first(&apart), ("swapped".to_owned(), 2));
    let mut twice = lines.clone();
    twice.insert(6, lines[2].clone());
    assert_eq!(first(&twice), ("inserted".to_owned(), 6));
    assert_eq!(first(&lines[..7]), ("dropped".to_owned(), 7));
    let mut damaged = lines.clone();
    damaged[0] = damaged[0].replace("\"ledger\"", "\"ledgem\"");
    for (what, lines) in [("damaged", &damaged[..]), ("gone", &lines[1..])] {
        assert_eq!(first(lines), ("unreadable".to_owned(), 1), "the first line is {what}");
    }
    // A file that was cut off with its checkpoints is complete in itself, until an older checkpoint is at hand.
    let note = serde_json::from_str::<Value>(lines.last().unwrap()).unwrap()["checkpoint"].as_str().unwrap().to_owned();
    let checkpoint = kept.file("checkpoint");
    std::fs::write(&checkpoint, note).unwrap();
    let output = standing(&["ledger", "verify", "--file", &file, "--key", &public, "--checkpoint", &checkpoint]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let other = Kept::with(1);
    let output = standing(&["ledger", "verify", "--file", &file, "--key", &other.file("ledger.pub")]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    let output = standing(&["ledger", "verify", "--file", &public, "--key", &public]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    assert_eq!(code(&standing(&["ledger", "verify", "--file", &file])), 64);
}

#[test]
fn one_flipped_bit_of_any_byte_of_an_export_is_found() {
    let kept = Kept::with(4);
    let file = kept.file("out.ndjson");
    assert_eq!(code(&kept.run(&["export", &file])), 0);
    let whole = std::fs::read(&file).unwrap();
    let key = VerifierKey::parse(&std::fs::read_to_string(kept.file("ledger.pub")).unwrap()).unwrap();
    let verified = |bytes: &[u8]| verify_lines(BufReader::new(bytes), &key, &[], |_| {});
    assert!(verified(&whole).unwrap().whole);
    for at in 0..whole.len() {
        for bit in [at % 8, (at + 5) % 8] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            let line = whole[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
            match verified(&flipped) {
                Ok(walked) => {
                    let first = walked.findings.first();
                    let first = first.unwrap_or_else(|| panic!("bit {bit} of byte {at} in line {line}"));
                    let is_named = !(1..=4).contains(&line) || first.seq == line;
                    assert!(is_named, "bit {bit} of byte {at} in line {line}: {walked:?}");
                }
                Err(error) => assert_eq!(line, 0, "bit {bit} of byte {at}: {error}"),
            }
        }
    }
}

#[test]
fn a_masked_export_says_nothing_of_what_is_masked_and_still_holds_together() {
    let kept = Kept::with(5);
    let file = kept.file("masked.ndjson");
    let output = kept.run(&["export", &file, "--mask", "subject,facts"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("\"p3\""), "{text}");
    let line: Value = serde_json::from_str(text.lines().nth(4).unwrap()).unwrap();
    assert_eq!(line["masked"], json!(["subject", "facts"]));
    assert_eq!(line["record"]["question"]["subject"], "(masked)");
    assert_eq!((&line["record"]["salt"], line.get("guessable")), (&json!("(masked)"), None));
    let output = standing(&["ledger", "verify", "--file", &file, "--key", &kept.file("ledger.pub")]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("5 lines masked"), "{}", said(&output));
    assert_eq!(code(&kept.run(&["export", &file, "--mask", "everything"])), 64);
}

#[test]
fn what_is_masked_is_named_nowhere_in_what_is_left_of_a_record() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    // A partner is asked about, is the subject of a search, and stands in facts, in services and in what calls are about.
    server.post("/access/v1/evaluation", &question("contoso", "removeSeats", "Subscription", "s-office"));
    server.post("/access/v1/evaluation", &question("contoso", "provision", "Service", "adatum/office365"));
    let resources = json!({
        "subject": { "type": "Partner", "id": "contoso" }, "action": { "name": "removeSeats" },
        "resource": { "type": "Subscription" }, "page": { "limit": 1 }
    });
    let page = server.post("/access/v1/search/resource", &resources).json();
    let next = json!({ "page": { "limit": 1, "token": page["page"]["next_token"] } });
    let mut second = resources.clone();
    second["page"] = next["page"].clone();
    server.post("/access/v1/search/resource", &second);
    server.get("/v1/partners/contoso/customers");
    let named = [("x-request-id", "order-4711")];
    server.send("GET", "/v1/partners", &named, None);
    let renegotiation = "/v1/customers/adatum/partners/contoso/renegotiation";
    server.post(renegotiation, &json!({ "by": "customer", "outcome": "end" }));
    let mut entries = 0;
    for (mask, names) in [
        ("subject", &["contoso"][..]),
        ("resource", &["s-office", "adatum/office365"]),
        ("requestId", &["order-4711"]),
        ("caller", &["anonymous"]),
        ("action", &["removeSeats", "may/remove-seats"]),
        ("about", &["adatum"]),
        ("question", &["contoso", "s-office", "removeSeats", "may/remove-seats"]),
    ] {
        let export = server.get(&format!("/v1/ledger/export?mask={mask}")).text;
        let mut masked = 0;
        for line in export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            if line["masked"].is_null() {
                continue;
            }
            // In other records the same name may be somebody else's part.
            let whole = server.get(&format!("/v1/decisions/{}", line["seq"])).json();
            let part = match mask {
                "subject" | "resource" | "action" => whole["question"][mask].to_string(),
                other => whole[other].to_string(),
            };
            masked += 1;
            let left = line["record"].to_string();
            let told = names.iter().filter(|name| part.contains(**name)).find(|name| left.contains(**name));
            assert_eq!(told, None, "--mask {mask} of record {}: {left}", line["seq"]);
            let digest = whole["results"]["sha256"].as_str().filter(|_| !["requestId", "caller"].contains(&mask));
            assert!(digest.is_none_or(|digest| !left.contains(digest)), "--mask {mask}: {left}");
            assert!(!left.contains(whole["salt"].as_str().unwrap()), "--mask {mask}: {left}");
            // The hash of what happened has no salt: a list of customers could be tried on it.
            let entry = whole["entry"].as_str();
            entries += usize::from(entry.is_some());
            assert!(entry.is_none_or(|entry| !left.contains(entry)), "--mask {mask}: {left}");
        }
        assert!(masked > 0, "nothing was masked by {mask}");
    }
    assert!(entries > 0, "no record names what it changed");
}

#[test]
fn archived_records_are_read_and_verified_where_they_are() {
    let kept = Kept::with(8);
    let before: Value = serde_json::from_slice(&kept.run(&["show", "3", "--json"]).stdout).unwrap();
    let output = kept.run(&["archive", "--older-than", "1ms", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let archived: Value = serde_json::from_slice(&output.stdout).unwrap();
    let last = archived["files"][0]["last"].as_u64().unwrap();
    assert!(last >= 9, "{archived}");
    let name = archived["files"][0]["file"].as_str().unwrap().to_owned();
    let mut after: Value = serde_json::from_slice(&kept.run(&["show", "3", "--json"]).stdout).unwrap();
    assert_eq!(after["archive"], name.as_str());
    after.as_object_mut().unwrap().remove("archive");
    assert_eq!(after, before);
    let (code_now, walked) = kept.verified();
    assert_eq!((code_now, walked["archived"].as_u64()), (0, Some(last)), "{walked}");
    let public = kept.file("ledger.pub");
    let output = standing(&["ledger", "verify", "--file", &kept.file(&name), "--key", &public]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    // New records go on after the archived ones, and a second archive begins where the first ends.
    let server = Server::start(kept.path(), &["--anonymous"]);
    let answer = server.post("/access/v1/evaluation", &question("p", "provision", "Service", "c/office365"));
    assert!(answer.header("standing-decision").unwrap().parse::<u64>().unwrap() > last);
    assert!(server.terminate().success());
    assert_eq!(code(&kept.run(&["archive", "--older-than", "1ms"])), 0);
    assert_eq!(kept.findings(), []);
    let second = std::fs::read_dir(kept.path().join("archive")).unwrap().map(|entry| entry.unwrap().path());
    let second =
        second.max_by_key(|path| path.to_str().unwrap().len() * 100 + usize::from(!path.ends_with(&name))).unwrap();
    let output = standing(&["ledger", "verify", "--file", second.to_str().unwrap(), "--key", &public]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let exported = kept.file("all.ndjson");
    assert_eq!(code(&kept.run(&["export", &exported])), 0);
    assert_eq!(code(&standing(&["ledger", "verify", "--file", &exported, "--key", &public])), 0);
    // What is done to an archive is found too.
    let path = kept.path().join(&name);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"decision\":false", "\"decision\":true", 1)).unwrap();
    assert_eq!(kept.findings(), found("changed", 1));
    let output = kept.run(&["show", "1"]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    assert!(said(&output).contains("standing ledger verify"), "{}", said(&output));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(kept.findings(), found("dropped", 1));
}

#[test]
fn a_server_archives_what_is_older_than_its_settings_say() {
    let kept = Kept::with(5);
    let settings = kept.file("settings.toml");
    std::fs::write(&settings, "[ledger]\narchive_after = \"1ms\"\n").unwrap();
    let server = Server::start(kept.path(), &["--anonymous", "--config", &settings]);
    let began = Instant::now();
    while server.get("/v1/decisions/1").json()["archive"].is_null() {
        assert!(began.elapsed().as_secs() < 20, "nothing was archived");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(server.terminate().success());
    assert_eq!(kept.findings(), []);
    for (text, expected) in [("archive_after = \"x\"", "is not an age"), ("archive_for = \"1d\"", "unknown field")] {
        std::fs::write(&settings, format!("[ledger]\n{text}\n")).unwrap();
        let output = standing(&["serve", "--data", &kept.file(""), "--config", &settings]);
        assert_eq!(code(&output), 1);
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
}

#[test]
fn an_archive_that_a_crash_left_complete_is_taken_up_and_one_left_half_written_is_not() {
    let kept = Kept::with(6);
    let both = kept.copy();
    // A file that was being written when the process died means nothing.
    let folder = both.path().join("archive");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("ledger-1-3.ndjson.part"), "{\"ledger\":").unwrap();
    assert_eq!(both.findings(), []);
    let archive = |kept: &Kept| {
        let output = kept.run(&["archive", "--older-than", "1ms", "--json"]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["files"][0].clone()
    };
    assert_eq!(kept.findings(), []);
    std::thread::sleep(std::time::Duration::from_millis(5));
    let file = archive(&kept);
    let path = kept.path().join(file["file"].as_str().unwrap());
    // As after a crash between the file and the removal: the file is there, and the records too.
    let text = std::fs::read_to_string(&path).unwrap();
    kept.tamper(|rows| {
        for line in text.lines().filter_map(|line| line.split_once(",\"record\":")) {
            let seq = serde_json::from_str::<Value>(&format!("{}}}", line.0)).unwrap()["seq"].as_u64().unwrap();
            rows.insert(seq, line.1.strip_suffix('}').unwrap().as_bytes().to_vec());
        }
    });
    assert_eq!(kept.findings(), []);
    assert_eq!(archive(&kept), file);
    assert_eq!(kept.findings(), []);
    // A file of the same key and another history is not taken for this ledger's.
    while both.verified().1["records"].as_u64() < file["last"].as_u64() {}
    std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    let output = both.run(&["archive", "--older-than", "1ms"]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    assert!(said(&output).contains("nothing was taken out"), "{}", said(&output));
}

#[test]
fn a_store_of_the_format_before_gets_its_tree_and_one_whose_tree_was_taken_away_is_refused() {
    let old = Kept::with(7).before_frames();
    old.tamper_table(TREE, BTreeMap::clear);
    let said_of = old.run(&["verify"]);
    assert_eq!(code(&said_of), 1, "{}", said(&said_of));
    assert!(said(&said_of).contains("the tree over its ledger was taken away"), "{}", said(&said_of));
    change_file(old.path(), |write| {
        write.open_table(META).unwrap().insert("format", [1].as_slice()).unwrap();
        // Nor was there a journal of what is beside the facts.
        write.open_table(ENTRIES).unwrap().retain(|_, _| false).unwrap();
    });
    assert_eq!(old.findings(), []);
    let (_, walked) = old.verified();
    assert_eq!(walked["checkpoints"].as_u64().map(|agree| agree > 0), Some(true), "{walked}");
}

#[test]
fn a_server_killed_under_load_leaves_tree_and_ledger_together() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let server = Server::start(data.path(), &["--anonymous"]);
        let running = server.id().to_string();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let asked = question("p", "provision", "Service", "c/office365").to_string();
                    let headers = [("content-type", "application/json")];
                    while server.try_send("POST", "/access/v1/evaluation", &headers, Some(asked.as_bytes())).is_ok() {}
                });
            }
            std::thread::sleep(std::time::Duration::from_millis(300));
            assert!(std::process::Command::new("kill").args(["-KILL", &running]).status().unwrap().success());
        });
        // It holds the file until it is gone.
        drop(server);
        let store = Store::open(data.path(), Arc::new(System)).unwrap();
        let view = store.ledger().unwrap();
        let size = view.size().unwrap();
        assert!(size > 0 && view.record(size).unwrap().is_some() && view.strays().unwrap().is_empty());
        drop((view, store));
        let output = standing(&["ledger", "verify", "--data", data.path().to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", said(&output));
    }
}

#[test]
fn a_file_is_verified_from_its_lines_alone() {
    let key = LedgerKey::of_seed(&[5; 32], "standing/lines").unwrap();
    let empty = verify_lines(BufReader::new(&b""[..]), key.public(), &[], |_| {});
    assert!(empty.is_err());
}

/// The processor time of this process, in microseconds.
fn worked() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) * 10_000.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: run it by name and read what it prints"]
async fn what_a_record_costs() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path(), Arc::new(System)).unwrap();
    let record = Recorded::of(vec![b'x'; 900]);
    for round in 0..4 {
        let (began, before) = (Instant::now(), worked());
        for _ in 0..20 {
            store.append(vec![record.clone(); 2_000]).await.unwrap();
        }
        let wall = began.elapsed().as_secs_f64() * 1e6 / 40_000.0;
        println!("round {round}: {wall:.2} us a record, {:.2} of them working", (worked() - before) / 40_000.0);
    }
    let (began, before) = (Instant::now(), worked());
    for _ in 0..100 {
        store.append(vec![record.clone()]).await.unwrap();
    }
    let wall = began.elapsed().as_secs_f64() * 1e6 / 100.0;
    println!("one by one: {wall:.0} us a record, {:.0} of them working", (worked() - before) / 100.0);
}

#[test]
fn every_record_has_a_salt_of_its_own_in_a_batch_and_over_a_restart_too() {
    let data = tempfile::tempdir().unwrap();
    let (mut records, mut salts) = (0, std::collections::BTreeSet::new());
    for start in 1..=2 {
        let server = Server::start(data.path(), &["--anonymous"]);
        // The same asked again and again, so that only the salt tells one record from the other.
        let asked = question("p", "provision", "Service", "c/office365");
        for _ in 0..5 {
            assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
        }
        let batch = json!({ "evaluations": vec![asked; 40] });
        assert_eq!(server.post("/access/v1/evaluations", &batch).status, 200);
        assert!(server.put("/v1/customers/c", &json!({ "name": format!("C {start}") })).status < 300);
        let listed = server.get("/v1/decisions?limit=1000").json();
        assert_eq!(listed["complete"], true);
        let found = listed["decisions"].as_array().unwrap();
        assert!(found.len() >= records + 46, "{}", found.len());
        records = found.len();
        salts.clear();
        for record in found {
            let salt = record["salt"].as_str().unwrap_or_else(|| panic!("no salt in {record}"));
            let is_hex = salt.len() == 32 && salt.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            assert!(is_hex, "`{salt}` is no 128 bits");
            assert!(salts.insert(salt.to_owned()), "`{salt}` salts two records");
        }
        assert!(server.terminate().success());
    }
}
