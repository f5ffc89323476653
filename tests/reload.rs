//! Settings that are read again while the server runs, and what a service manager is told.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use standing::policy::RuleFiles;

use crate::in_force::Folder;
use crate::said::reading_context;
use crate::server::{Server, question};

/// Many questions, more than a server with small limits answers at once.
fn batch(many: usize) -> Value {
    let asked = question("contoso", "removeSeats", "Subscription", "s-office");
    json!({ "evaluations": vec![asked; many] })
}

/// Has a server read its settings again, and returns what it says of it once it has.
fn hang_up(server: &Server, times: usize) -> String {
    assert!(Command::new("kill").args(["-HUP", &server.id().to_string()]).status().unwrap().success());
    let said = |server: &Server| {
        let printed = server.printed();
        printed.lines().filter(|line| line.contains("settings were read again")).map(str::to_owned).collect::<Vec<_>>()
    };
    let began = std::time::Instant::now();
    while said(server).len() < times {
        assert!(began.elapsed() < Duration::from_secs(30), "SIGHUP is not heeded: {}", server.printed());
        std::thread::sleep(Duration::from_millis(10));
    }
    said(server).remove(times - 1)
}

fn start(data: &Path, file: &Path) -> Server {
    Server::start(data, &["--demo", "--config", file.to_str().unwrap()])
}

#[test]
fn what_can_change_changes_what_cannot_is_named_and_a_broken_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("standing.toml");
    let settings = |text: &str| fs::write(&file, text).unwrap();
    settings("log = \"json\"\n[limits]\nevaluations = 5\n");
    let server = start(&folder.path().join("data"), &file);
    let answers = |many: usize| server.post("/access/v1/evaluations", &batch(many)).status;
    assert_eq!((answers(5), answers(6)), (200, 400));
    settings(
        "log = \"text\"\nlog_level = \"debug\"\nlisten = \"127.0.0.1:1\"\nmultichannel = \"refuse\"\n[limits]\nevaluations = 6\nlong_seconds = 30\n",
    );
    let said: Value = serde_json::from_str(&hang_up(&server, 1)).unwrap();
    // The flag of the command says where it listens, whatever the file says.
    assert_eq!(said["changed"], "log_level, limits.evaluations, limits.long_seconds", "{said}");
    assert_eq!(said["need_restart"], "multichannel, log", "{said}");
    assert_eq!((answers(6), answers(7)), (200, 400));
    server.prints("\"level\":\"DEBUG\"");
    for (broken, why) in [
        ("[limits]\nevaluations = 0\n", "at least 1"),
        ("[limits]\nevaluatons = 9\n", "did you mean `limits.evaluations`"),
        ("limits = ", "standing.toml"),
    ]
    .iter()
    .enumerate()
    .map(|(at, broken)| {
        settings(broken.0);
        (hang_up(&server, at + 2), broken.1)
    }) {
        assert!(broken.contains("ERROR") && broken.contains(why), "{broken}");
        assert_eq!((answers(6), answers(7)), (200, 400));
    }
    settings("log = \"json\"\n[limits]\nevaluations = 7\n");
    let said: Value = serde_json::from_str(&hang_up(&server, 5)).unwrap();
    assert_eq!(
        (&said["changed"], &said["need_restart"]),
        (&json!("log_level, limits.evaluations, limits.long_seconds"), &json!(""))
    );
    assert_eq!((answers(7), answers(8)), (200, 400));
}

#[test]
fn a_service_manager_is_told_when_the_server_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("notify");
    let socket = UnixDatagram::bind(&name).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let told = || {
        let mut state = [0; 64];
        let length = socket.recv(&mut state).unwrap();
        String::from_utf8(state[..length].to_vec()).unwrap()
    };
    let environment = [("NOTIFY_SOCKET", name.to_str().unwrap())];
    let server =
        Server::try_start_in(&folder.path().join("data"), &["--demo"], &environment).unwrap_or_else(|_| panic!());
    assert_eq!(told(), "READY=1");
    assert!(server.terminate().success());
    assert_eq!(told(), "STOPPING=1");
}

/// What a service manager is told while a server starts over `data`, until it is ready or has ended.
pub fn said_at_a_start(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("notify");
    let socket = UnixDatagram::bind(&name).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let environment = [environment, &[("NOTIFY_SOCKET", name.to_str().unwrap())]].concat();
    let started = Server::try_start_in(data, arguments, &environment);
    // Whoever has ended says nothing more.
    socket.set_nonblocking(started.is_err()).unwrap();
    let mut said: Vec<String> = Vec::new();
    while said.last().is_none_or(|last| last != "READY=1") {
        let mut state = [0; 64];
        match socket.recv(&mut state) {
            Ok(length) => said.push(String::from_utf8(state[..length].to_vec()).unwrap()),
            Err(_) if started.is_err() => break,
            Err(error) => panic!("{error} after {said:?}"),
        }
    }
    said
}

#[test]
fn a_service_manager_is_told_how_long_the_rules_may_take_that_a_start_examines() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    for (path, text) in RuleFiles::built_in().iter() {
        let file = rules.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("{text}\n")).unwrap();
    }
    let arguments = ["--anonymous", "--rules", rules.to_str().unwrap()];
    let environment = [("STANDING_LIMITS_EXAMINE_SECONDS", "200")];
    let said = said_at_a_start(&folder.path().join("data"), &arguments, &environment);
    assert_eq!((said[0].as_str(), said.last().unwrap().as_str()), ("EXTEND_TIMEOUT_USEC=260000000", "READY=1"));
}

#[test]
fn a_service_manager_is_told_how_long_a_solver_a_world_and_an_issuer_may_take() {
    let folder = tempfile::tempdir().unwrap();
    let data = |name: &str| folder.path().join(name);
    let rules = Folder::shipped();
    reading_context(&rules);
    // It is not there, and what callers say is not known without it.
    let nowhere = [("CVC5", "/nowhere/cvc5")];
    let said = said_at_a_start(&data("solver"), &["--anonymous", "--rules", rules.path().to_str().unwrap()], &nowhere);
    assert_eq!(said, ["EXTEND_TIMEOUT_USEC=300000000"], "a solver is asked before the first rules decide");
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authzen/world");
    let said = said_at_a_start(&data("world"), &["--anonymous", "--world", world], &[]);
    assert_eq!(said, ["EXTEND_TIMEOUT_USEC=960000000", "READY=1"], "entities are read");
    let settings = folder.path().join("standing.toml");
    // Nobody listens there.
    fs::write(
        &settings,
        "[[issuer]]\nissuer = \"https://login.example\"\naudience = \"standing\"\nalgorithms = [\"ES256\"]\njwks_url = \"http://127.0.0.1:1/keys\"\nacts_as = [{ role = \"asker\", when = { claim = \"scope\", has = \"ask\" } }]\n",
    )
    .unwrap();
    let said = said_at_a_start(&data("issuer"), &["--config", settings.to_str().unwrap()], &[]);
    assert_eq!(said, ["EXTEND_TIMEOUT_USEC=65000000", "READY=1"], "keys are fetched");
}
