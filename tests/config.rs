//! Settings: a flag before the environment, the environment before the file, and nothing that is not understood.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use standing::config::Settings;
use tempfile::TempDir;

use crate::server::{Server, question};

/// Runs a command with nothing of ours in the environment but this.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
    command.args(arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STANDING_")) {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied()).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file of settings.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("standing.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

/// Each setting in force: its value and where it comes from.
fn in_force(arguments: &[&str], environment: &[(&str, &str)]) -> BTreeMap<String, (Value, String)> {
    let output = run(&[&["config", "print", "--json"], arguments].concat(), environment);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let settings = printed["settings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    settings.map(|setting| (text(&setting["setting"]), (setting["value"].clone(), text(&setting["from"])))).collect()
}

#[test]
fn a_flag_comes_before_the_environment_and_that_before_the_file() {
    let (_folder, path) = file("listen = \"127.0.0.1:1\"\ndata = \"/d1\"\n\n[limits]\ndepth = 10\nevaluations = 5\n");
    let path = path.to_str().unwrap();
    let environment = [("STANDING_LISTEN", "127.0.0.1:2"), ("STANDING_DATA", "/d2"), ("STANDING_LIMITS_DEPTH", "20")];
    let found = in_force(&["--config", path, "--listen", "127.0.0.1:3"], &environment);
    for (setting, value, from) in [
        ("listen", Value::from("\"127.0.0.1:3\""), "--listen"),
        ("data", Value::from("\"/d2\""), "STANDING_DATA"),
        ("limits.depth", Value::from("20"), "STANDING_LIMITS_DEPTH"),
        ("limits.evaluations", Value::from("5"), "file, line 6"),
        ("limits.body_bytes", Value::from("1048576"), "default"),
        ("multichannel", Value::from("\"displace\""), "default"),
        ("public_url", Value::Null, "default"),
    ] {
        assert_eq!(found[setting], (value, from.to_owned()), "{setting}");
    }
    let printed = out(&run(&["config", "print", "--config", path], &environment));
    assert!(printed.contains(&format!("# file: {path}")), "{printed}");
    assert!(printed.contains("data = \"/d2\"  # STANDING_DATA"), "{printed}");
    let by_variable = in_force(&[], &[("STANDING_CONFIG", path)]);
    assert_eq!(by_variable["data"].1, "file, line 2");
}

/// The names that a table of the settings takes, as its reader tells them.
fn taken(before: &str, within: &str) -> Vec<String> {
    let error = toml::from_str::<Settings>(&format!("{before}zzz = 1")).unwrap_err().to_string();
    let (_, listed) = error.split_once("expected").unwrap_or_else(|| panic!("{error}"));
    let names = listed.split('`').skip(1).step_by(2);
    names.map(|name| format!("{within}{name}")).collect()
}

#[test]
fn every_setting_is_printed_and_each_can_be_said_in_the_environment() {
    let printed = in_force(&[], &[]);
    let mut expected = taken("", "");
    for table in ["limits", "ledger", "sessions", "tls", "traces"] {
        expected.retain(|name| name != table);
        expected.extend(taken(&format!("[{table}]\n"), &format!("{table}.")));
    }
    expected.sort();
    assert_eq!(printed.keys().cloned().collect::<Vec<_>>(), expected);
    // Tables are said in the file alone.
    let tables = ["issuer", "certificate", "sign_in", "forward_auth"];
    for (setting, (value, _)) in printed.into_iter().filter(|(setting, _)| !tables.contains(&setting.as_str())) {
        let variable = format!("STANDING_{}", setting.replace('.', "_").to_uppercase());
        let said = match setting.as_str() {
            "public_url" => "https://standing.example".to_owned(),
            "trusted_proxies" => "10.0.0.0/8".to_owned(),
            "rules" => "/rules".to_owned(),
            "ledger.archive_after" => "90d".to_owned(),
            "ledger.checkpoints_to" => "/heads".to_owned(),
            file if file.starts_with("tls.") => "/file.pem".to_owned(),
            "services" => "office365 = { name = \"Office 365\" }".to_owned(),
            "traces.endpoint" => "http://127.0.0.1:4318".to_owned(),
            _ => value.as_str().unwrap_or("1").trim_matches('"').to_owned(),
        };
        // None of these can be without the others.
        let others =
            ["STANDING_TLS_CERTIFICATE", "STANDING_TLS_KEY", "STANDING_TLS_CLIENT_CA"].map(|name| (name, "/other.pem"));
        let others = others.into_iter().filter(|(name, _)| setting.starts_with("tls.") && *name != variable);
        let found = in_force(&[], &others.chain([(variable.as_str(), said.as_str())]).collect::<Vec<_>>());
        assert_eq!(found[&setting].1, variable);
        let value = found[&setting].0.as_str().unwrap().trim_matches(['[', ']', ' ']).trim_matches('"');
        assert_eq!(value.trim_matches(['{', ' ']).replace("} }", "}"), said);
    }
}

#[test]
fn what_is_not_understood_is_named_with_its_line_and_what_is_likely_meant() {
    for (text, expected) in [
        ("publicurl = \"https://a.example\"\n", ":1:1: unknown field `publicurl`; did you mean `public_url`?"),
        ("# one\n\nLISTEN = \"127.0.0.1:1\"\n", ":3:1: unknown field `LISTEN`; did you mean `listen`?"),
        ("[limits]\nbodybytes = 5\n", ":2:1: unknown field `limits.bodybytes`; did you mean `limits.body_bytes`?"),
        ("archive_after = \"90d\"\n", "unknown field `archive_after`; did you mean `ledger.archive_after`?"),
        ("[ledgr]\narchive_after = \"90d\"\n", "unknown field `ledgr`"),
        ("nonsense_of_mine = 1\n", "unknown field `nonsense_of_mine`; leave it out"),
        ("listen = \n", "line 1: "),
        ("listen = \"nowhere\"\n", "`listen` (file, line 1) cannot be so"),
        ("[limits]\ndepth = \"deep\"\n", "`limits.depth` (file, line 2) cannot be so"),
        ("[limits]\ndepth = 0\n", "`limits.depth` is at least 1"),
        ("[sessions]\nhours = 0\n", "`sessions.hours` is at least 1"),
        ("[limits]\nevaluations = 0\n", "`limits.evaluations` is at least 1"),
        ("[limits]\nbody_bytes = 0\n", "`limits.body_bytes` is at least 1"),
        ("[limits]\nbody_bytes = -1\n", "`limits.body_bytes` (file, line 2) cannot be so"),
        ("[limits]\nhead_bytes = 8191\n", "`limits.head_bytes` is at least 8192"),
        ("[limits]\nstreams = 0\n", "`limits.streams` is at least 1"),
        ("[limits]\nbody_seconds = 0\n", "`limits.body_seconds` is at least 1"),
        ("[limits]\nlong_seconds = 0\n", "`limits.long_seconds` is at least 1"),
        ("[limits]\ndepth = 1000\n", "`limits.depth` is at most 126"),
        ("trusted_proxies = [\"proxy.example\"]\n", "`proxy.example` is no address and no network"),
        ("trusted_proxies = [\"::ffff:10.0.0.0/95\"]\n", "write `0.0.0.0/0` for every address of IPv4"),
        ("public_url = \"https://me:secret@a.example\"\n", "`https://***@a.example` names no host"),
    ] {
        let (folder, path) = file(text);
        let checked = run(&["config", "check", "--config", path.to_str().unwrap()], &[]);
        assert_eq!(checked.status.code(), Some(2), "{text}");
        assert!(out(&checked).contains(expected), "{text}: {}", out(&checked));
        assert!(!out(&checked).contains("secret"), "{}", out(&checked));
        let data = folder.path().join("data");
        for command in [
            vec!["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()],
            vec!["token", "list", "--data", data.to_str().unwrap()],
        ] {
            let refused = run(&[command.as_slice(), &["--config", path.to_str().unwrap()]].concat(), &[]);
            assert_eq!(refused.status.code(), Some(1), "{text}");
            assert!(said(&refused).contains(expected), "{text}: {}", said(&refused));
        }
        assert!(!data.exists(), "nothing was made");
    }
    let (_folder, path) = file("data = \"/d\"\n");
    let good = run(&["config", "check", "--config", path.to_str().unwrap()], &[("STANDING_LISTEN", "[::1]:8181")]);
    assert_eq!(good.status.code(), Some(0), "{}", out(&good));
    for (name, value, expected) in [
        ("STANDING_LIMITS_DEPTH", "0", "`limits.depth` (STANDING_LIMITS_DEPTH) cannot be so"),
        ("STANDING_LIMITS_DEPTH", "many", "`STANDING_LIMITS_DEPTH` cannot be `many`"),
        ("STANDING_MULTICHANNEL", "share", "`multichannel` (STANDING_MULTICHANNEL) cannot be so"),
        ("STANDING_LISTN", "127.0.0.1:1", "did you mean `STANDING_LISTEN`?"),
    ] {
        let checked = run(&["config", "check", "--config", path.to_str().unwrap()], &[(name, value)]);
        assert_eq!(checked.status.code(), Some(2), "{name}");
        assert!(out(&checked).contains(expected), "{name}: {}", out(&checked));
    }
    // What an orchestrator says of a service of this name is not meant for us.
    let other = [("STANDING_SERVICE_HOST", "10.0.0.1"), ("STANDING_PORT_8181_TCP_ADDR", "10.0.0.1")];
    assert_eq!(run(&["config", "check"], &other).status.code(), Some(0));
    let missing = run(&["config", "check", "--config", "/nowhere/standing.toml"], &[]);
    assert_eq!(missing.status.code(), Some(1));
}

#[test]
fn an_issuer_a_certificate_or_a_proxy_that_cannot_be_is_named_and_nothing_is_guessed() {
    let acts = "acts_as = [{ role = \"auditor\", when = { claim = \"groups\", has = \"auditors\" } }]\n";
    let issuer = |more: &str| format!("[[issuer]]\nissuer = \"https://a.example\"\naudience = \"standing\"\n{more}");
    let keys = "jwks_url = \"https://a.example/keys\"\n";
    let acting = |rule: &str| issuer(&format!("{keys}acts_as = [{{ {rule} }}]\n"));
    let when = "when = { claim = \"c\", has = \"h\" }";
    let certificate = "[[certificate]]\nuri = \"spiffe://a.example/gw\"\nrole = \"asker\"\n";
    let forward = |subject: &str, action: &str, kind: &str| {
        let route =
            format!("methods = [\"GET\"]\npath = \"/s/{{s}}\"\naction = \"{action}\"\nresource = \"{kind}::{{s}}\"");
        format!("[forward_auth]\nproxy = \"nginx\"\nsubject = \"{subject}\"\n[[forward_auth.routes]]\n{route}\n")
    };
    let built_in = |text: &str| format!("rules = \"built-in\"\n{text}");
    let published = |text: &str| built_in(&format!("rules_from = \"publishing\"\n{text}"));
    for (text, expected) in [
        (issuer(&format!("{keys}{acts}")), ""),
        (issuer(&format!("jwks_url = \"http://127.0.0.1:9/keys?p=1\"\n{acts}")), ""),
        (issuer(&format!("jwks_file = \"/etc/keys.json\"\ntrust_domain = \"a.example\"\n{acts}")), ""),
        (issuer(acts), "name one of the two"),
        (issuer(&format!("{keys}jwks_file = \"/etc/keys.json\"\n{acts}")), "name one of the two"),
        (issuer(&format!("jwks_url = \"http://a.example/keys\"\n{acts}")), "is plain http to another machine"),
        (issuer(&format!("jwks_url = \"ftp://a.example/keys\"\n{acts}")), "is no URL"),
        (
            issuer(&format!("jwks_url = \"https://me:pass@a.example/keys\"\n{acts}")),
            "`https://***@a.example/keys` names no host",
        ),
        (issuer(keys), "missing field `acts_as`"),
        (issuer(&format!("{keys}acts_as = []\n")), "nobody could act as anything"),
        (issuer(&format!("{keys}algorithms = [\"HS256\"]\n{acts}")), "unknown variant `HS256`"),
        (issuer(&format!("{keys}algorithms = [\"none\"]\n{acts}")), "unknown variant `none`"),
        (issuer(&format!("{keys}algorithms = []\n{acts}")), "`algorithms` is empty"),
        (issuer(&format!("{keys}audiences = \"x\"\n{acts}")), "unknown field `audiences`"),
        (issuer(&format!("{keys}trust_domain = \"spiffe://a.example\"\n{acts}")), "is no trust domain"),
        (issuer(&format!("jwks_file = \"/k\"\nca = \"/ca.pem\"\n{acts}")), "`ca` vouches for the host of a `jwks_url`"),
        (issuer(&format!("{keys}{acts}")).repeat(2), "stands more than once"),
        (
            issuer(&format!("{keys}{acts}")).replace("https://a.example\"\na", "standing\"\na"),
            "that is this service itself",
        ),
        (acting(&format!("role = \"admin\", {when}")), "unknown variant `admin`"),
        (acting("role = \"auditor\""), "missing field `when`"),
        (acting("role = \"auditor\", when = { claim = \"\", has = \"\" }"), "`when` needs a `claim`"),
        (acting(&format!("role = \"auditor\", for = \"contoso\", {when}")), "speaks for nobody"),
        (acting(&format!("role = \"partner\", {when}")), "role `partner` needs `for`"),
        (acting(&format!("role = \"partner\", for = \"a b\", {when}")), "the partner `a b` cannot be"),
        (acting(&format!("role = \"partner\", for_claim = \"t\", {when}")), "role `partner` needs `for`"),
        (
            acting(&format!("role = \"partner\", for_claim = \"t\", for_allowed = \"all\", {when}")),
            "neither a list of ids nor `any`",
        ),
        (acting(&format!("role = \"partner\", for_claim = \"t\", for_allowed = \"any\", {when}")), ""),
        (format!("{certificate}[tls]\ncertificate = \"/c\"\nkey = \"/k\"\nclient_ca = \"/ca\"\n"), ""),
        (certificate.to_owned(), "nobody is asked for a certificate, so none of them comes in"),
        ("trusted_proxies = [\"10.0.0.0/8\"]\n".to_owned(), ""),
        ("trusted_proxies = [\"0.0.0.0/0\"]\n".to_owned(), "`0.0.0.0/0`, which is everybody"),
        ("trusted_proxies = [\"10.0.0.1\", \"::/0\"]\n".to_owned(), "`::/0`, which is everybody"),
        (forward("X-Partner", "removeSeats", "Subscription"), ""),
        (forward("X-Forwarded-For", "removeSeats", "Subscription"), "`subject` is `X-Forwarded-For`"),
        (built_in(&forward("X-Partner", "removeSeats", "Subscription")), ""),
        (built_in(&forward("X-Partner", "removeseats", "Subscription")), "no rules here have the action `removeseats`"),
        (
            built_in(&forward("X-Partner", "removeSeats", "Subscriptions")),
            "no rules here have the type `Subscriptions`",
        ),
        // Whatever rules lie where it is called are not those in force.
        (forward("X-Partner", "removeseats", "Subscription"), ""),
        (published(&forward("X-Partner", "removeseats", "Subscription")), ""),
        ("[[certificate]]\nrole = \"asker\"\n".to_owned(), "named by one of `dns`, `uri` and `subject`"),
        ("[[certificate]]\ndns = \"a\"\nuri = \"b:c\"\nrole = \"asker\"\n".to_owned(), "named by one of"),
        ("[[certificate]]\ndns = \"a\"\nrole = \"customer\"\n".to_owned(), "role `customer` needs `for`"),
        ("[[certificate]]\ndns = \"a\"\nrole = \"asker\"\nfor = \"x\"\n".to_owned(), "speaks for nobody"),
    ] {
        let (_folder, path) = file(&text);
        let checked = run(&["config", "check", "--config", path.to_str().unwrap()], &[]);
        let code = if expected.is_empty() { 0 } else { 2 };
        assert_eq!(checked.status.code(), Some(code), "{text}: {}", out(&checked));
        assert!(out(&checked).contains(expected), "{text}: {}", out(&checked));
    }
}

#[test]
fn a_sign_in_that_cannot_be_is_named_and_no_secret_is_shown() {
    let acts = "acts_as = [{ role = \"auditor\", when = { claim = \"groups\", has = \"auditors\" } }]\n";
    let of = |issuer: &str, more: &str| {
        format!("[[sign_in]]\nname = \"Adatum\"\nissuer = \"{issuer}\"\nclient_id = \"standing\"\n{more}{acts}")
    };
    let sign_in = |more: &str| of("https://a.example/tenant/", more);
    let other = of("https://b.example", "domains = [\"b.example\"]\n").replace("Adatum", "B");
    for (text, expected) in [
        (sign_in(""), ""),
        (sign_in("client_secret_file = \"/s\"\nca = \"/ca.pem\"\nscopes = [\"groups\"]\nlisted = true\n"), ""),
        (sign_in("hosts = [\"keys.example\", \"login.example:8443\"]\n"), ""),
        (of("http://127.0.0.1:9", ""), ""),
        (of("http://a.example", ""), "is plain http to another machine"),
        (of("https://a.example?x=1", ""), "has a query or a fragment"),
        (of("https://a.example/x?y=1", ""), "has a query or a fragment"),
        (of("https://me:pass@a.example", ""), "`https://***@a.example` names no host"),
        (of("standing", ""), "that is this service itself"),
        (of("http://[::1]:9", "ca = \"/ca.pem\"\n"), "`issuer` is plain http"),
        (of("http://[::1]:9", "hosts = [\"a.example\"]\n"), "`issuer` is plain http"),
        (sign_in("client_secret = \"s3cret\"\nclient_secret_file = \"/s\"\n"), "name one of the two"),
        (sign_in("client_secret = \"\"\n"), "`client_secret` is empty"),
        (sign_in("client_secret_fille = \"/s\"\n"), "did you mean `client_secret_file`?"),
        (sign_in("domain = [\"a.example\"]\n"), "did you mean `domains`?"),
        (sign_in("domains = [\"@a.example\"]\n"), "`@a.example` is no domain of an email"),
        (sign_in("domains = [\"A.example\"]\n"), "is no domain of an email"),
        (sign_in("scopes = [\"a b\"]\n"), "`a b` is no scope"),
        (sign_in("hosts = [\"https://keys.example\"]\n"), "is no host"),
        (sign_in("").replace("\"Adatum\"", "\" \""), "`name` is what people call it"),
        (sign_in("").replace("\"standing\"", "\"\""), "`client_id` is what the provider calls this service"),
        (sign_in("").replace(acts, "acts_as = []\n"), "nobody could act as anything"),
        (sign_in("").replace(acts, ""), "missing field `acts_as`"),
        (sign_in("").replace("auditor\", when", "partner\", when"), "role `partner` needs `for`"),
        (sign_in("domains = [\"a.example\"]\n").repeat(2), "stands more than once"),
        (sign_in("") + &other, "nobody could find it among several"),
        (sign_in("listed = true\n") + &other, ""),
        (sign_in("domains = [\"b.example\"]\n") + &other, "the domain `b.example` stands more than once"),
    ] {
        let (_folder, path) = file(&text);
        let checked = run(&["config", "check", "--config", path.to_str().unwrap()], &[]);
        let code = if expected.is_empty() { 0 } else { 2 };
        assert_eq!(checked.status.code(), Some(code), "{text}: {}", out(&checked));
        assert!(out(&checked).contains(expected), "{text}: {}", out(&checked));
        assert!(!out(&checked).contains("s3cret"), "{}", out(&checked));
    }
    let (_folder, path) = file(&sign_in("client_secret = \"s3cret\"\n"));
    let printed = out(&run(&["config", "print", "--config", path.to_str().unwrap()], &[]));
    assert!(printed.contains("client_secret = \"***\"") && !printed.contains("s3cret"), "{printed}");
}

#[test]
fn every_command_heeds_the_file_and_the_environment() {
    let data = tempfile::tempdir().unwrap();
    let (_folder, path) = file(&format!("data = \"{}\"\n", data.path().display()));
    let path = path.to_str().unwrap();
    assert!(Server::start(data.path(), &["--demo"]).terminate().success());
    let ask = ["check", "Partner::contoso", "removeSeats", "Subscription::s-office"];
    let by_variable = [("STANDING_DATA", data.path().to_str().unwrap())];
    for command in [ask.as_slice(), &["token", "list"], &["link-key", "list"], &["ledger", "verify"]] {
        let by_file = run(&[command, &["--config", path]].concat(), &[]);
        assert_eq!(by_file.status.code(), Some(0), "{command:?}: {}", said(&by_file));
        assert_eq!(run(&[&["--config", path], command].concat(), &[]).status.code(), Some(0), "{command:?}");
        assert_eq!(run(command, &by_variable).status.code(), Some(0), "{command:?}");
        assert_eq!(run(command, &[("STANDING_CONFIG", path)]).status.code(), Some(0), "{command:?}");
        let other = run(&[command, &["--data", "/nowhere/at/all"]].concat(), &by_variable);
        assert_eq!(other.status.code(), Some(1), "a flag comes first: {command:?}");
    }
    let tables = run(&["tables"], &[("STANDING_RULES", "/nowhere/at/all")]);
    assert_eq!(tables.status.code(), Some(1));
    assert!(said(&tables).contains("`/nowhere/at/all` is not a folder"), "{}", said(&tables));
}

#[test]
fn the_log_says_what_runs_and_at_debug_each_call_without_its_secrets() {
    let data = tempfile::tempdir().unwrap();
    let environment = [("STANDING_LOG", "json"), ("RUST_LOG", "standing=debug")];
    let server = Server::try_start_in(data.path(), &["--demo"], &environment).unwrap();
    let started: Value = serde_json::from_str(&server.prints("\"started\"")).unwrap();
    assert_eq!(started["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(started["data"], data.path().to_str().unwrap());
    assert_eq!(started["rules"], server.get("/v1/rules").json()["digest"]);
    assert!(started["rules_folder"].is_string() && started["level"] == "INFO", "{started}");
    let body = question("contoso", "removeSeats", "Subscription", "s-office").to_string();
    let headers = [
        ("content-type", "application/json"),
        ("x-request-id", "our-name-for-it"),
        ("authorization", "Bearer standing_secret"),
    ];
    assert_eq!(server.send("POST", "/access/v1/evaluation", &headers, Some(body.as_bytes())).status, 200);
    let line: Value = serde_json::from_str(&server.prints("our-name-for-it")).unwrap();
    assert_eq!((&line["method"], &line["route"]), (&Value::from("POST"), &Value::from("/access/v1/evaluation")));
    assert_eq!((&line["status"], &line["level"]), (&Value::from(200), &Value::from("DEBUG")));
    assert!(line["took_us"].is_u64());
    assert_eq!(server.get("/v1/relationship-requests/a-secret-link?x=a-secret-query").status, 400);
    server.prints("/v1/relationship-requests/{token}");
    for secret in ["standing_secret", "a-secret-link", "a-secret-query"] {
        assert!(!server.printed().contains(secret), "`{secret}` is in the log: {}", server.printed());
    }
    let quiet = tempfile::tempdir().unwrap();
    let quiet = Server::try_start_in(quiet.path(), &["--demo"], &[("RUST_LOG", "error")]).unwrap();
    assert!(!quiet.printed().contains("started"), "{}", quiet.printed());
}

#[test]
fn a_hang_up_does_not_end_the_server() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    for _ in 0..2 {
        assert!(Command::new("kill").args(["-HUP", &server.id().to_string()]).status().unwrap().success());
        server.prints("the settings were read again");
        assert_eq!(server.get("/healthz").status, 200);
    }
    assert!(server.terminate().success());
}
