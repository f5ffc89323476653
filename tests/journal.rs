//! The tables of a store held against its journal and the journal against the records: what somebody changed on disk
//! opens nothing and is named, and an older store put back is not taken for the newest.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use redb::{Database, ReadableTable as _, TableDefinition};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, question, standing};

type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;
type Numbered = TableDefinition<'static, u64, &'static [u8]>;

const SIDE: Bytes = TableDefinition::new("side");
const PRESENT: Bytes = TableDefinition::new("present");
const CUSTOMER_SUMMARIES: TableDefinition<&str, &[u8]> = TableDefinition::new("customer_summaries");
const HISTORY: Bytes = TableDefinition::new("facts");
const JOURNAL: Numbered = TableDefinition::new("journal");
const ENTRIES: Numbered = TableDefinition::new("entries");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn edited(row: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = row.windows(from.len()).position(|window| window == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("`{from}` is not in {}", String::from_utf8_lossy(row)));
    [&row[..at], to.as_bytes(), &row[at + from.len()..]].concat()
}

/// A data directory with two tokens and some facts, with no server on it any more.
struct Kept {
    data: TempDir,
    /// A reviewer's token, and its id.
    reviewer: (String, String),
    operator: String,
}

impl Kept {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), arguments);
        let token = |role: &str| {
            let output = standing(&["token", "create", "--json", "--data", text(data.path()), "--role", role]);
            assert!(output.status.success(), "{}", said(&output));
            let made: Value = serde_json::from_slice(&output.stdout).unwrap();
            (made["token"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
        };
        let (reviewer, (operator, _)) = (token("reviewer"), token("operator"));
        for customer in ["adatum", "wingtip", "tailspin"] {
            let body = json!({ "name": "Name" }).to_string();
            let put = send(&server, &operator, "PUT", &format!("/v1/customers/{customer}"), Some(&body));
            assert_eq!(put, 201);
        }
        assert!(server.terminate().success());
        Self { data, reviewer, operator }
    }

    fn path(&self) -> &Path {
        self.data.path()
    }

    /// The same in another folder, to be tampered with.
    fn copy(&self) -> Self {
        let data = tempfile::tempdir().unwrap();
        let copied = Command::new("cp").arg("-a").arg(self.path().join(".")).arg(data.path()).status().unwrap();
        assert!(copied.success());
        Self { data, reviewer: self.reviewer.clone(), operator: self.operator.clone() }
    }

    /// A copy in which the reviewer's token is revoked, with the row of the token as it was before.
    fn revoked(&self) -> (Self, Vec<u8>) {
        let revoked = self.copy();
        let mut before = Vec::new();
        revoked.edit(SIDE, &revoked.token_key(), |row| {
            before = row.to_vec();
            Some(row.to_vec())
        });
        let output = standing(&["token", "revoke", &self.reviewer.1, "--data", text(revoked.path())]);
        assert!(output.status.success(), "{}", said(&output));
        (revoked, before)
    }

    fn rows(&self, change: impl FnOnce(&redb::WriteTransaction)) {
        let database = Database::open(self.path().join("standing.redb")).unwrap();
        let write = database.begin_write().unwrap();
        change(&write);
        write.commit().unwrap();
    }

    fn edit(&self, table: Bytes, key: &[u8], change: impl FnOnce(&[u8]) -> Option<Vec<u8>>) {
        self.rows(|write| {
            let mut table = write.open_table(table).unwrap();
            let before = table.get(key).unwrap().map(|row| row.value().to_vec()).unwrap_or_default();
            match change(&before) {
                Some(row) => drop(table.insert(key, row.as_slice()).unwrap()),
                None => drop(table.remove(key).unwrap()),
            }
        });
    }

    fn edit_numbered(&self, table: Numbered, change: impl FnOnce(&mut BTreeMap<u64, Vec<u8>>)) {
        self.rows(|write| {
            let mut table = write.open_table(table).unwrap();
            let found = table.iter().unwrap().map(|row| row.unwrap());
            let mut rows: BTreeMap<u64, Vec<u8>> =
                found.map(|(key, row)| (key.value(), row.value().to_vec())).collect();
            change(&mut rows);
            table.retain(|_, _| false).unwrap();
            for (key, row) in rows {
                table.insert(key, row.as_slice()).unwrap();
            }
        });
    }

    fn keys(&self, table: Bytes, prefix: &[u8]) -> Vec<Vec<u8>> {
        let mut keys = Vec::new();
        self.rows(|write| {
            let table = write.open_table(table).unwrap();
            let all = table.iter().unwrap().map(|row| row.unwrap().0.value().to_vec());
            keys.extend(all.filter(|key| key.starts_with(prefix)));
        });
        keys
    }

    fn verified(&self) -> (Option<i32>, String) {
        let output = standing(&["ledger", "verify", "--data", text(self.path())]);
        (output.status.code(), said(&output))
    }

    #[track_caller]
    fn is_found(&self, expected: &str) {
        let (code, said) = self.verified();
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(expected), "`{expected}` is not in {said}");
        assert!(said.contains("the store beside it is not as it was written"), "{said}");
    }

    fn token_key(&self) -> Vec<u8> {
        format!("t{}", self.reviewer.1).into_bytes()
    }

    /// What the reviewer's token may do at a server on this store: list decisions, and make a token.
    fn opens(&self) -> [u16; 2] {
        let server = Server::start(self.path(), &[]);
        let read = send(&server, &self.reviewer.0, "GET", "/v1/rules", None);
        let made = send(&server, &self.reviewer.0, "POST", "/v1/tokens", Some("{\"role\":\"asker\"}"));
        assert_eq!(send(&server, &self.operator, "GET", "/v1/customers/adatum", None), 200, "others get in as before");
        [read, made]
    }

    fn refused(&self, arguments: &[&str]) -> String {
        match Server::try_start(self.path(), arguments) {
            Ok(_) => panic!("the server started with {arguments:?}"),
            Err(output) => {
                assert_eq!(output.status.code(), Some(1), "{}", said(&output));
                said(&output)
            }
        }
    }
}

fn send(server: &Server, token: &str, method: &str, path: &str, body: Option<&str>) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let headers = if body.is_some() { &headers[..] } else { &headers[1..] };
    server.send(method, path, headers, body.map(str::as_bytes)).status
}

#[test]
fn a_token_that_was_edited_on_disk_opens_nothing_and_is_named() {
    let kept = Kept::new();
    let (code, whole) = kept.verified();
    assert_eq!(code, Some(0), "{whole}");
    assert_eq!(kept.copy().opens(), [200, 403]);

    let promoted = kept.copy();
    promoted.edit(SIDE, &promoted.token_key(), |row| Some(edited(row, "reviewer", "operator")));
    promoted.is_found(&format!("token `{}` was changed", kept.reviewer.1));
    assert_eq!(promoted.opens(), [401, 401]);

    let removed = kept.copy();
    removed.edit(SIDE, &removed.token_key(), |_| None);
    removed.is_found(&format!("token `{}` was removed", kept.reviewer.1));
    assert_eq!(removed.opens(), [401, 401]);

    let inserted = kept.copy();
    let forged = kept.token_key();
    inserted.edit(SIDE, b"t0000000000000000", |_| Some(vec![0x80]));
    inserted.is_found("token `0000000000000000` was inserted");
    drop(forged);

    // Revoked, and then put back as it was before.
    let (revoked, before) = kept.revoked();
    assert_eq!(revoked.verified().0, Some(0));
    revoked.edit(SIDE, &revoked.token_key(), |_| Some(before));
    revoked.is_found(&format!("token `{}` was changed", kept.reviewer.1));
    assert_eq!(revoked.opens(), [401, 401]);
}

#[test]
fn an_entry_of_the_journal_that_was_changed_removed_or_forged_is_named() {
    let kept = Kept::new();

    let fact = kept.copy();
    let not_as_made =
        |revision: u8| format!("the facts of revision {revision} are not what its entry in the journal was made for");
    fact.edit(PRESENT, b"cadatum", |row| Some(edited(row, "Name", "Eman")));
    fact.is_found(&not_as_made(1));
    fact.is_found("customer `adatum`");

    let gone = kept.copy();
    gone.edit(PRESENT, b"cadatum", |_| None);
    gone.is_found(&not_as_made(1));

    let moved = kept.copy();
    moved.edit(PRESENT, b"cadatum", |row| {
        let (revision, value) = row.split_at(8);
        assert_eq!(revision, 1u64.to_be_bytes());
        Some([3u64.to_be_bytes().as_slice(), value].concat())
    });
    moved.is_found(&not_as_made(1));
    moved.is_found(&not_as_made(3));

    // What cannot be read is named, and hides nothing else.
    let unreadable = kept.copy();
    unreadable.edit(PRESENT, b"cadatum", |_| Some(b"x".to_vec()));
    unreadable.edit(PRESENT, b"cwingtip", |row| Some(edited(row, "Name", "Eman")));
    unreadable.is_found("customer `adatum` is not found where it lies");
    unreadable.is_found(&not_as_made(1));
    unreadable.is_found(&not_as_made(2));
    let service = kept.copy();
    let server = Server::start(service.path(), &[]);
    for (path, body) in [
        ("/v1/partners/contoso", json!({ "name": "Contoso", "kind": "directBill", "status": "active" })),
        (
            "/v1/subscriptions/s",
            json!({ "customer": "adatum", "service": "mail", "originalReseller": "contoso", "quantity": 1, "status": "active" }),
        ),
    ] {
        assert_eq!(send(&server, &kept.operator, "PUT", path, Some(&body.to_string())), 201);
    }
    assert!(server.terminate().success());
    assert_eq!(service.verified().0, Some(0));
    service.edit(PRESENT, b"vadatum\0mail", |row| Some([&row[..8], b"\xc1"].concat()));
    service.is_found(&not_as_made(5));
    service.is_found("the summary of customer `adatum` is not what its facts are");
    // A change of something else of that customer is made all the same, and disturbs nobody.
    let server = Server::start(service.path(), &[]);
    let body = json!({ "name": "Name now" }).to_string();
    assert_eq!(send(&server, &kept.operator, "PUT", "/v1/customers/adatum", Some(&body)), 200);
    assert!(server.terminate().success());

    // The summary of a customer says what its facts say, of the revision of the newest.
    for revision in [0, 2] {
        let summary = kept.copy();
        summary.rows(|write| {
            let mut table = write.open_table(CUSTOMER_SUMMARIES).unwrap();
            let row = table.get("adatum").unwrap().unwrap().value().to_vec();
            let at = row.windows(8).position(|part| part == b"revision").unwrap() + 8;
            assert_eq!(row[at], 1);
            let changed = [&row[..at], &[revision], &row[at + 1..]].concat();
            table.insert("adatum", changed.as_slice()).unwrap();
        });
        summary.is_found("the summary of customer `adatum` is not what its facts are");
    }
    let summary = kept.copy();
    summary.rows(|write| {
        let mut table = write.open_table(CUSTOMER_SUMMARIES).unwrap();
        let row = table.get("adatum").unwrap().unwrap().value().to_vec();
        table.insert("nobody", row.as_slice()).unwrap();
    });
    summary.is_found("the summary of customer `nobody` is not what its facts are");

    let version = |revision: u64| [b"cadatum\0".as_slice(), &revision.to_be_bytes()].concat();
    let put_in = kept.copy();
    put_in.edit(HISTORY, &version(3), |_| Some(b"x".to_vec()));
    put_in.is_found(&not_as_made(3));
    let no_row = kept.copy();
    no_row.edit(HISTORY, b"ca\0", |_| Some(Vec::new()));
    no_row.is_found("customer `a/` is not found where it lies");

    let changed_since = kept.copy();
    let server = Server::start(changed_since.path(), &[]);
    let body = json!({ "name": "Name now" }).to_string();
    assert_eq!(send(&server, &kept.operator, "PUT", "/v1/customers/adatum", Some(&body)), 200);
    assert!(server.terminate().success());
    assert_eq!(changed_since.verified().0, Some(0));
    // The same rows, with the older version in the place of the newer.
    let moved = changed_since.copy();
    let (mut now, mut before) = (Vec::new(), Vec::new());
    moved.edit(HISTORY, &version(1), |row| {
        before = row.to_vec();
        None
    });
    moved.edit(PRESENT, b"cadatum", |row| {
        now = row.to_vec();
        Some([1u64.to_be_bytes().as_slice(), &before].concat())
    });
    let (revision, value) = now.split_first_chunk::<8>().unwrap();
    moved.edit(HISTORY, &version(u64::from_be_bytes(*revision)), |_| Some(value.to_vec()));
    moved.is_found("customer `adatum` is not found where it lies, or an older version took its place");

    changed_since.edit(HISTORY, &version(1), |row| Some(edited(row, "Name", "Eman")));
    changed_since.is_found(&not_as_made(1));

    let changed = kept.copy();
    changed.edit_numbered(JOURNAL, |rows| {
        let row = edited(&rows[&2], "wingtip", "pitgniw");
        rows.insert(2, row);
    });
    changed.is_found("no record names the journal's entry of revision 2");
    changed.is_found("names an entry of the journal that is not there");

    let removed = kept.copy();
    removed.edit_numbered(JOURNAL, |rows| drop(rows.remove(&2)));
    removed.is_found("the journal's entry of revision 2 was removed");

    // Of what is beside the facts, nothing counts any more once its journal is broken: the server does not even start.
    let last = |rows: &BTreeMap<u64, Vec<u8>>| *rows.keys().next_back().unwrap();
    let changed = kept.copy();
    changed.edit_numbered(ENTRIES, |rows| {
        let at = last(rows) - 1;
        let mut row = rows[&at].clone();
        *row.last_mut().unwrap() ^= 1;
        rows.insert(at, row);
    });
    changed.is_found("of the journal beside the facts");
    assert!(changed.refused(&[]).contains("the store is not as it was written"));

    let removed = kept.copy();
    removed.edit_numbered(ENTRIES, |rows| {
        let at = last(rows) - 1;
        rows.remove(&at);
    });
    removed.is_found("of the journal beside the facts was removed");
    assert!(removed.refused(&[]).contains("the store is not as it was written"));

    let cut_off = kept.copy();
    cut_off.edit_numbered(ENTRIES, |rows| {
        let at = last(rows);
        rows.remove(&at);
    });
    cut_off.is_found("names an entry of the journal that is not there");
}

#[test]
fn a_forged_entry_that_fits_the_ones_before_it_is_found_for_want_of_a_record() {
    let kept = Kept::new();
    let (old, forged) = (kept.copy(), kept.copy());
    let output = standing(&["token", "revoke", &kept.reviewer.1, "--data", text(forged.path())]);
    assert!(output.status.success(), "{}", said(&output));
    // The journal and the row of the one, with the ledger of the other.
    let (mut entries, mut row) = (BTreeMap::new(), Vec::new());
    forged.edit_numbered(ENTRIES, |rows| entries.clone_from(rows));
    forged.edit(SIDE, &kept.token_key(), |found| {
        row = found.to_vec();
        Some(found.to_vec())
    });
    old.edit_numbered(ENTRIES, |rows| rows.clone_from(&entries));
    old.edit(SIDE, &kept.token_key(), |_| Some(row));
    old.is_found(&format!("no record names entry {} of the journal beside the facts", entries.len()));
}

#[test]
fn rules_that_were_edited_on_disk_never_decide() {
    let kept = Kept::new();
    let rules = kept.copy();
    let key = kept.keys(SIDE, b"b").remove(0);
    rules.edit(SIDE, &key, |row| Some(edited(row, "forbid", "permit")));
    rules.is_found("the set of rules");
    assert!(rules.refused(&[]).contains("the set of rules"), "{}", rules.refused(&[]));

    let history = kept.copy();
    let key = kept.keys(SIDE, b"h").remove(0);
    history.edit(SIDE, &key, |_| None);
    history.is_found("the entry of rules in force 0 was removed");
    assert!(history.refused(&[]).contains("the entry of rules in force 0"));
}

#[test]
fn a_store_whose_format_was_set_back_is_not_taken_over_again() {
    let kept = Kept::new();
    kept.rows(|write| drop(write.open_table(META).unwrap().insert("format", [2].as_slice()).unwrap()));
    assert!(kept.refused(&[]).contains("its format was set back"));
    kept.edit_numbered(ENTRIES, BTreeMap::clear);
    assert!(kept.refused(&[]).contains("its format was set back"));
}

#[test]
fn an_older_store_put_back_is_refused_beside_what_was_kept_of_the_newer_one() {
    let heads = tempfile::tempdir().unwrap();
    let settings = heads.path().join("standing.toml");
    std::fs::write(&settings, format!("[ledger]\ncheckpoints_to = {:?}\n", text(heads.path()))).unwrap();
    let with_heads = ["--config", text(&settings)];
    let kept = Kept::with(&with_heads);
    let names = || {
        let entries = std::fs::read_dir(heads.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name.contains(".checkpoint"));
        names.sort();
        names
    };
    let first = names();
    assert!(!first.is_empty(), "a head is signed when the server stops");

    let older = kept.copy();
    let server = Server::start(kept.path(), &with_heads);
    assert_eq!(send(&server, &kept.operator, "PUT", "/v1/customers/later", Some("{\"name\":\"Later\"}")), 201);
    assert!(server.terminate().success());
    assert!(names().len() > first.len());

    // The head alone, held against the directory by hand.
    let newest = heads.path().join(names().pop().unwrap());
    let verify = |data: &Path| {
        standing(&["ledger", "verify", "--data", text(data), "--checkpoint", text(&newest)]).status.code()
    };
    assert_eq!(verify(kept.path()), Some(0));
    assert_eq!(verify(older.copy().path()), Some(2));
    // So are all heads of the folder, whether the settings name it or somebody does.
    for by in [with_heads, ["--checkpoint", text(heads.path())]] {
        let verify = |data: &Path| standing(&[&["ledger", "verify", "--data", text(data)][..], &by].concat());
        assert_eq!(verify(kept.path()).status.code(), Some(0), "{by:?}: {}", said(&verify(kept.path())));
        let output = verify(older.copy().path());
        assert_eq!(output.status.code(), Some(2), "{by:?}: {}", said(&output));
        assert!(said(&output).contains("a kept checkpoint was signed over"), "{by:?}: {}", said(&output));
    }
    // Beside a running server the keys it had before are not known, and it is said how many heads that leaves out.
    let beside = kept.copy();
    let stranger = heads.path().join("former-00000000000000000001.checkpoint");
    std::fs::write(&stranger, "").unwrap();
    let server = Server::start(beside.path(), &[]);
    let output = standing(&[&["ledger", "verify", "--data", text(beside.path())][..], &with_heads].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("beside a running server: 1;"), "{}", said(&output));
    assert!(server.terminate().success());
    std::fs::remove_file(stranger).unwrap();

    let message = older.refused(&with_heads);
    assert!(message.contains("older than what was kept of it") && message.contains("--accept-older"), "{message}");
    // It goes another way where nobody looks, and is refused for that.
    let forked = older.copy();
    let server = Server::start(forked.path(), &[]);
    for number in 0..30 {
        let asked = question(&format!("p{number}"), "provision", "Service", "c/office365").to_string();
        send(&server, &kept.operator, "POST", "/access/v1/evaluation", Some(&asked));
    }
    assert!(server.terminate().success());
    let message = forked.refused(&with_heads);
    assert!(message.contains("are not those that"), "{message}");
    let output = standing(&[&["ledger", "verify", "--data", text(forked.path())][..], &with_heads].concat());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("are not what a kept checkpoint was signed over"), "{}", said(&output));
    let nothing = tempfile::tempdir().unwrap();
    let arguments = ["ledger", "verify", "--data", text(kept.path()), "--checkpoint", text(nothing.path())];
    assert!(said(&standing(&arguments)).contains("holds no head of this ledger"));

    // By hand, once; the ledger says so, and the heads of what was given up count no more.
    let server = Server::start(older.path(), &[&with_heads[..], &["--accept-older"]].concat());
    let bearer = format!("Bearer {}", kept.operator);
    let path = "/v1/decisions?action=Api::startAnyway";
    let list = server.send("GET", path, &[("authorization", &bearer)], None).json();
    assert_eq!(list["decisions"][0]["question"]["context"]["givenUp"][0], text(&newest), "{list}");
    assert!(server.terminate().success());
    assert!(names().iter().any(|name| name.ends_with(".given-up")), "{:?}", names());
    assert!(Server::start(older.path(), &with_heads).terminate().success());

    // What has to be looked at and cannot be is no reason to go on.
    std::fs::write(heads.path().join(names().pop().unwrap()), "nothing").unwrap();
    let gone = heads.path().join("gone");
    std::fs::write(&settings, format!("[ledger]\ncheckpoints_to = {:?}\n", text(&gone))).unwrap();
    assert!(older.refused(&with_heads).contains("mend it, or move it away"));
    std::fs::write(&settings, "[ledger]\ncheckpoints_to = \"https://elsewhere.example\"\n").unwrap();
    assert!(older.refused(&with_heads).contains("is no folder"));
}

#[test]
fn an_older_store_put_back_is_refused_beside_a_newer_archive() {
    let kept = Kept::new();
    let older = kept.copy();
    let server = Server::start(kept.path(), &[]);
    assert_eq!(send(&server, &kept.operator, "GET", "/v1/customers/adatum", None), 200);
    assert!(server.terminate().success());
    std::thread::sleep(std::time::Duration::from_millis(5));
    let output = standing(&["ledger", "archive", "--older-than", "1ms", "--data", text(kept.path())]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(kept.verified().0, Some(0), "{}", kept.verified().1);
    std::fs::copy(older.path().join("standing.redb"), kept.path().join("standing.redb")).unwrap();
    let message = kept.refused(&[]);
    assert!(message.contains("archive/ledger-1-") && message.contains("--accept-older"), "{message}");
    let server = Server::start(kept.path(), &["--accept-older"]);
    assert!(server.terminate().success());
    assert!(Server::start(kept.path(), &[]).terminate().success());
}

#[test]
fn what_nobody_called_for_has_its_record_too_once_there_is_a_ledger() {
    let kept = Kept::new();
    let folder = tempfile::tempdir().unwrap();
    let files = standing::policy::RuleFiles::built_in();
    for (path, text) in files.iter() {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{text}\n")).unwrap();
    }
    let server = Server::start(kept.path(), &["--rules", text(folder.path())]);
    let bearer = format!("Bearer {}", kept.operator);
    let listed = |action: &str| {
        let path = format!("/v1/decisions?action=Api::{action}");
        server.send("GET", &path, &[("authorization", &bearer)], None).json()["decisions"].clone()
    };
    let activated = listed("activateRules");
    assert_eq!(activated.as_array().unwrap().len(), 1, "{activated}");
    assert!(activated[0]["invalid"].as_str().unwrap().contains("came in force from their files"), "{activated}");
    assert_eq!(activated[0]["entry"].as_str().map(str::len), Some(64), "{activated}");
    let made = listed("createToken");
    assert!(made.as_array().unwrap().iter().all(|record| record["entry"].is_string()), "{made}");
    assert!(server.terminate().success());
    assert_eq!(kept.verified().0, Some(0), "{}", kept.verified().1);
}

#[test]
fn a_store_without_the_entry_that_its_newest_record_names_is_not_served() {
    let kept = Kept::new();
    let newest = |rows: &BTreeMap<u64, Vec<u8>>| *rows.keys().next_back().unwrap();
    let is_refused = |kept: &Kept| {
        // Nor does it help to give up what came later: what is here does not belong together.
        for arguments in [&[][..], &["--accept-older"]] {
            let said = kept.refused(arguments);
            assert!(said.contains("names an entry of the journal that is not there"), "{said}");
            assert!(said.contains("standing ledger verify"), "{said}");
        }
    };

    let removed = kept.copy();
    removed.edit_numbered(JOURNAL, |rows| drop(rows.pop_last()));
    is_refused(&removed);

    let changed = kept.copy();
    changed.edit_numbered(JOURNAL, |rows| {
        let at = newest(rows);
        let row = edited(&rows[&at], "tailspin", "nipsliat");
        rows.insert(at, row);
    });
    is_refused(&changed);

    // A revocation that is undone with its entry would let the token in again.
    let (revoked, before) = kept.revoked();
    // Also where the newest record is of something else, a fact here.
    let later = revoked.copy();
    let server = Server::start(later.path(), &[]);
    assert_eq!(send(&server, &kept.operator, "PUT", "/v1/customers/later", Some("{\"name\":\"Later\"}")), 201);
    assert!(server.terminate().success());
    for undone in [&revoked, &later] {
        undone.edit(SIDE, &undone.token_key(), |_| Some(before.clone()));
        undone.edit_numbered(ENTRIES, |rows| drop(rows.pop_last()));
        is_refused(undone);
    }

    // And the other way round: a change of facts that is undone below a token that was made later.
    let undone = kept.copy();
    let output = standing(&["token", "create", "--role", "asker", "--data", text(undone.path())]);
    assert!(output.status.success(), "{}", said(&output));
    undone.edit_numbered(JOURNAL, |rows| drop(rows.pop_last()));
    is_refused(&undone);
}
