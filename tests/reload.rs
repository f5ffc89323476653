//! Settings that are read again while the server runs, and what a service manager is told.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use standing::policy::RuleFiles;

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

#[test]
fn a_service_manager_is_told_how_long_the_rules_may_take_that_a_start_examines() {
    let folder = tempfile::tempdir().unwrap();
    let (name, rules) = (folder.path().join("notify"), folder.path().join("rules"));
    for (path, text) in RuleFiles::built_in().iter() {
        let file = rules.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, format!("{text}\n")).unwrap();
    }
    let socket = UnixDatagram::bind(&name).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let arguments = ["--anonymous", "--rules", rules.to_str().unwrap()];
    let environment = [("NOTIFY_SOCKET", name.to_str().unwrap()), ("STANDING_LIMITS_EXAMINE_SECONDS", "200")];
    let started = Server::try_start_in(&folder.path().join("data"), &arguments, &environment);
    let _server = started.unwrap_or_else(|output| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let mut state = [0; 64];
    let length = socket.recv(&mut state).unwrap();
    assert_eq!(String::from_utf8_lossy(&state[..length]), "EXTEND_TIMEOUT_USEC=260000000");
}
