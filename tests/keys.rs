//! What belongs to a store besides its file: its folder, its keys, and who may write or read them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::in_force::Folder;
use crate::server::{Server, standing};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A server that does not start, and what it says.
fn refused(data: &Path, arguments: &[&str]) -> String {
    match Server::try_start(data, arguments) {
        Ok(_) => panic!("the server started with {arguments:?}"),
        Err(output) => {
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            said(&output)
        }
    }
}

/// A store that something was told and that was signed.
fn lived_in() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--anonymous"]);
    assert_eq!(server.put("/v1/customers/c", &json!({ "name": "C" })).status, 201);
    assert!(server.terminate().success());
    data
}

#[test]
fn a_command_in_a_folder_without_a_store_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("wrong");
    let data = text(&data);
    let file = folder.path().join("out");
    for arguments in [
        vec!["token", "create", "--role", "operator"],
        vec!["token", "list"],
        vec!["token", "revoke", "1f9c0d2b7a6e5f43"],
        vec!["link-key", "list"],
        vec!["link-key", "rotate"],
        vec!["link-key", "retire", "5a1b2c3d4e5f6071"],
        vec!["check", "Partner::p", "provision", "Service::c/s"],
        vec!["export", text(&file)],
        vec!["ledger", "verify"],
        vec!["ledger", "show", "1"],
        vec!["ledger", "export", text(&file)],
        vec!["ledger", "archive", "--older-than", "90d"],
        vec!["ledger", "replay", "--all"],
        vec!["ledger", "find"],
        vec!["ledger", "prove", "1", text(&file)],
        vec!["rules", "propose", "."],
        vec!["rules", "approve", "1"],
        vec!["rules", "withdraw", "1"],
        vec!["rules", "history"],
        vec!["rules", "show", "1"],
        vec!["rules", "rollback", "--to", "7bf31cfa9bba"],
    ] {
        let output = standing(&[arguments.as_slice(), &["--data", data]].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains("there is no store in"), "{arguments:?}: {}", said(&output));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?} made something");
    }
}

#[test]
fn what_is_asked_of_a_folder_of_rules_alone_needs_no_store_and_makes_none() {
    let (folder, wrong) = (Folder::shipped(), tempfile::tempdir().unwrap());
    let (rules, data) = (text(folder.path()), wrong.path().join("wrong"));
    for arguments in [
        vec!["check", "--rules", rules],
        // A difference is a review of which less is said.
        vec!["review", rules],
        vec!["retire", "always/the-seller-is-billed", "--why", "bills go elsewhere", "--rules", rules],
    ] {
        // Where the default folder of data would be made too.
        let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
        command.arg("rules").args(&arguments).arg("--data").arg(&data).current_dir(wrong.path());
        let output = command.env("CVC5", "/nowhere/cvc5").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
        assert_eq!(fs::read_dir(wrong.path()).unwrap().count(), 0, "{arguments:?} made something");
    }
}

#[test]
fn without_its_keys_a_store_does_not_start_and_says_which_file_to_bring_back() {
    let data = lived_in();
    let aside = tempfile::tempdir().unwrap();
    for name in ["ledger.key", "link-keys.json"] {
        let (there, kept) = (data.path().join(name), aside.path().join(name));
        fs::rename(&there, &kept).unwrap();
        let message = refused(data.path(), &["--anonymous"]);
        assert!(message.contains(name) && message.contains("bring the file back"), "{message}");
        let command = standing(&["token", "list", "--data", text(data.path())]);
        assert_eq!(command.status.code(), Some(1));
        assert!(said(&command).contains(name), "{}", said(&command));
        assert!(!there.exists(), "no new key was made");
        fs::rename(&kept, &there).unwrap();
    }
    let server = Server::start(data.path(), &["--anonymous"]);
    assert_eq!(server.get("/v1/customers/c").status, 200);
    assert!(server.terminate().success());
}

#[test]
fn a_key_of_another_store_is_not_taken_for_its_own() {
    let (data, other) = (lived_in(), lived_in());
    for name in ["ledger.key", "link-keys.json"] {
        let own = fs::read(data.path().join(name)).unwrap();
        fs::copy(other.path().join(name), data.path().join(name)).unwrap();
        let message = refused(data.path(), &["--anonymous"]);
        assert!(message.contains(name) && message.contains("does not hold the key"), "{message}");
        fs::write(data.path().join(name), own).unwrap();
    }
    Server::start(data.path(), &["--anonymous"]);
}

#[test]
fn a_store_that_never_kept_what_it_knows_had_its_keys_before_its_first_record() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--anonymous"]);
    assert_eq!(server.get("/v1/customers").status, 200);
    assert!(server.terminate().success());
    // As it was before there was a journal of what is beside the facts.
    let table: redb::TableDefinition<&[u8], &[u8]> = redb::TableDefinition::new("side");
    let entries: redb::TableDefinition<u64, &[u8]> = redb::TableDefinition::new("entries");
    let meta: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("meta");
    let database = redb::Database::open(data.path().join("standing.redb")).unwrap();
    let write = database.begin_write().unwrap();
    assert!(write.open_table(table).unwrap().remove(b"!keys".as_slice()).unwrap().is_some());
    write.open_table(entries).unwrap().retain(|_, _| false).unwrap();
    write.open_table(meta).unwrap().insert("format", [2].as_slice()).unwrap();
    write.commit().unwrap();
    drop(database);
    for name in ["ledger.key", "link-keys.json"] {
        let (there, kept) = (data.path().join(name), data.path().join("aside"));
        fs::rename(&there, &kept).unwrap();
        assert!(refused(data.path(), &["--anonymous"]).contains(name));
        fs::rename(&kept, &there).unwrap();
    }
    // And learns them at the next start with the keys there.
    assert!(Server::start(data.path(), &["--anonymous"]).terminate().success());
    let other = lived_in();
    fs::copy(other.path().join("ledger.key"), data.path().join("ledger.key")).unwrap();
    assert!(refused(data.path(), &["--anonymous"]).contains("does not hold the key"));
}

#[test]
fn keys_are_given_up_only_by_hand_and_the_ledger_says_so_and_still_verifies() {
    let data = lived_in();
    for name in ["ledger.key", "link-keys.json"] {
        fs::remove_file(data.path().join(name)).unwrap();
    }
    assert!(refused(data.path(), &["--anonymous"]).contains("--new-keys"));
    let server = Server::start(data.path(), &["--anonymous", "--new-keys"]);
    let list = server.get("/v1/decisions?action=Api::startAnyway").json();
    assert_eq!(
        list["decisions"][0]["question"]["context"]["newKeys"],
        json!(["ledger.key", "link-keys.json"]),
        "{list}"
    );
    assert!(server.terminate().success());
    let server = Server::start(data.path(), &["--anonymous"]);
    let list = server.get("/v1/decisions?action=Api::startAnyway").json();
    assert_eq!(list["decisions"].as_array().unwrap().len(), 1, "it was said once");
    drop(server);
    let verified = standing(&["ledger", "verify", "--data", text(data.path())]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn what_others_may_write_or_read_is_refused_with_what_is_to_be_run() {
    let data = lived_in();
    fs::create_dir(data.path().join("archive")).unwrap();
    fs::set_permissions(data.path().join("archive"), Permissions::from_mode(0o700)).unwrap();
    for (name, mode, run) in [
        ("", 0o777, "chmod go-w"),
        ("", 0o720, "chmod go-w"),
        ("", 0o1777, "chmod go-w"),
        ("standing.redb", 0o666, "chmod go-w"),
        ("standing.redb", 0o620, "chmod go-w"),
        ("archive", 0o777, "chmod go-w"),
        ("ledger.pub", 0o666, "chmod go-w"),
        ("ledger.key", 0o644, "chmod 600"),
        ("ledger.key", 0o602, "chmod 600"),
        ("link-keys.json", 0o640, "chmod 600"),
    ] {
        let path = if name.is_empty() { data.path().to_owned() } else { data.path().join(name) };
        let before = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let command = standing(&["token", "list", "--data", text(data.path())]);
        for message in [refused(data.path(), &["--anonymous"]), said(&command)] {
            assert!(message.contains(&format!("{run} {}", path.display())), "{mode:o}: {message}");
        }
        assert_eq!(command.status.code(), Some(1));
        fs::set_permissions(&path, before).unwrap();
    }
    assert!(Server::start(data.path(), &["--anonymous"]).terminate().success());
    // Who may read the folder but not write it may come and look.
    fs::set_permissions(data.path(), Permissions::from_mode(0o755)).unwrap();
    assert!(Server::start(data.path(), &["--anonymous"]).terminate().success());
}

#[test]
fn what_belongs_to_somebody_else_is_refused() {
    let data = lived_in();
    for name in ["", "ledger.key", "standing.redb"] {
        let path = if name.is_empty() { data.path().to_owned() } else { data.path().join(name) };
        let owner = fs::metadata(&path).unwrap().uid();
        if chown(&path, Some(owner + 4_711), None).is_err() {
            println!("skipped: only root gives files away");
            return;
        }
        let message = refused(data.path(), &["--anonymous"]);
        assert!(message.contains(&format!("chown {owner} {}", path.display())), "{message}");
        chown(&path, Some(owner), None).unwrap();
    }
}

#[test]
fn what_is_written_is_read_by_its_owner_alone_and_no_link_is_followed() {
    let data = lived_in();
    let out = tempfile::tempdir().unwrap();
    let victim = out.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    for (arguments, name) in [(vec!["export"], "facts.ndjson"), (vec!["ledger", "export"], "ledger.ndjson")] {
        let file = out.path().join(name);
        // Whoever knows the names puts links in the way.
        for link in [file.clone(), out.path().join(format!("{name}.part"))] {
            symlink(&victim, link).unwrap();
        }
        let output = standing(&[arguments.as_slice(), &[text(&file), "--data", text(data.path())]].concat());
        assert!(output.status.success(), "{}", said(&output));
        let found = fs::symlink_metadata(&file).unwrap();
        assert!(found.is_file(), "the link was replaced");
        assert_eq!(found.mode() & 0o777, 0o600, "{name}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
    for link in ["ledger.key.new", "link-keys.json.new"] {
        symlink(&victim, data.path().join(link)).unwrap();
    }
    let rotated = standing(&["link-key", "rotate", "--data", text(data.path())]);
    assert!(rotated.status.success(), "{}", said(&rotated));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    for name in ["standing.redb", "ledger.key", "link-keys.json"] {
        let found = fs::symlink_metadata(data.path().join(name)).unwrap();
        assert!(found.is_file() && found.mode() & 0o777 == 0o600, "{name} has mode {:o}", found.mode());
    }
}

#[test]
fn the_first_operator_token_stands_in_a_file_and_is_printed_nowhere() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let file = data.path().join("first-operator-token");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let token = fs::read_to_string(&file).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let list = server.send("GET", "/v1/tokens", &[("authorization", &bearer)], None);
    assert_eq!(list.status, 200, "{}", list.text);
    let list = list.json();
    let moment =
        |name: &str| -> standing::clock::Timestamp { list["tokens"][0][name].as_str().unwrap().parse().unwrap() };
    // The one is a moment before the other.
    assert_eq!((moment("expires").duration_since(moment("created")).as_secs() + 60) / 3_600, 24);
    let printed = server.printed();
    assert!(printed.contains(text(&file)), "{printed}");
    assert!(!printed.contains(token.trim()), "{printed}");
    assert!(server.terminate().success());
    fs::remove_file(&file).unwrap();
    Server::start(data.path(), &[]);
    assert!(!file.exists(), "it is made once");
}
