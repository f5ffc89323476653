//! Figures for whoever watches the service.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Answer, Server, call, question, standing};

fn figure(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.rsplit_once(' ').is_some_and(|(named, _)| named == name));
    let line = line.unwrap_or_else(|| panic!("no `{name}` in {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[track_caller]
fn assert_figure(text: &str, name: &str, value: f64) {
    assert!((figure(text, name) - value).abs() < 0.5, "{name} is {} and not {value}", figure(text, name));
}

#[test]
fn what_is_asked_and_answered_is_counted_and_nobody_is_named() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    let before = server.get("/metrics");
    assert_eq!(before.status, 200);
    assert!(before.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let before = before.text;
    for (action, resource) in [
        ("removeSeats", "s-office"),
        ("removeSeats", "s-nothing"),
        ("receiveBill", "s-office"),
        ("callAdaLovelace", "s-office"),
    ] {
        let asked = question("contoso", action, "Subscription", resource);
        assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
    }
    assert_eq!(server.get("/v1/partners/nobody").status, 404);
    let after = server.get("/metrics").text;
    let grew = |name: &str| figure(&after, name) - figure(&before, name);
    for (action, decision, reason) in [
        ("receiveBill", "yes", ""),
        ("removeSeats", "yes", ""),
        ("removeSeats", "no", "unknown_subscription"),
        ("other", "no", "unknown_action"),
    ] {
        let name =
            format!("standing_decisions_total{{action=\"{action}\",decision=\"{decision}\",reason=\"{reason}\"}}");
        assert_figure(&after, &name, 1.0);
    }
    assert!(grew("standing_store_commit_seconds_count") > 3.5, "each record was written");
    assert!(grew("standing_ledger_records") > 3.5, "every answer has its record");
    let route = "method=\"POST\",route=\"/access/v1/evaluation\"";
    assert_figure(&after, &format!("standing_http_answers_total{{{route},status=\"200\"}}"), 4.0);
    assert_figure(&after, &format!("standing_http_answer_seconds_count{{{route}}}"), 4.0);
    assert_figure(&after, &format!("standing_http_answer_seconds_bucket{{le=\"+Inf\",{route}}}"), 4.0);
    let missing = "method=\"GET\",route=\"/v1/partners/{partner}\",status=\"404\"";
    assert_figure(&after, &format!("standing_http_answers_total{{{missing}}}"), 1.0);
    for (name, value) in [("standing_store_writable", 1.0), ("standing_rules_refused", 0.0)] {
        assert_figure(&after, name, value);
    }
    let digest = server.get("/v1/rules").json()["digest"].as_str().unwrap().to_owned();
    assert_figure(&after, &format!("standing_rules_in_force{{digest=\"{digest}\",from=\"files\"}}"), 1.0);
    assert!(after.contains("standing_build_info{"), "{after}");
    assert!(after.ends_with("# EOF\n"));
    for id in ["contoso", "adatum", "s-office", "nobody", "Lovelace"] {
        assert!(!after.contains(id), "`{id}` is named in {after}");
    }
}

#[test]
fn the_older_text_form_says_the_same_and_promtool_has_nothing_to_say_against_it() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    for (action, resource) in [("removeSeats", "s-office"), ("removeSeats", "s-nothing")] {
        let asked = question("fabrikam", action, "Subscription", resource);
        assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
    }
    let asked = |accept: &str| server.send("GET", "/metrics", &[("accept", accept)], None);
    for accept in ["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "*/*"] {
        assert!(asked(accept).header("content-type").unwrap().starts_with("application/openmetrics-text"), "{accept}");
    }
    let plain = asked("text/plain");
    assert_eq!(plain.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = plain.text;
    assert!(!text.contains("# EOF") && text.contains("# TYPE standing_build_info gauge"), "{text}");
    assert!(text.contains("# TYPE standing_decisions_total counter"), "{text}");
    for reason in ["not_original_reseller", "unknown_subscription"] {
        assert_figure(&text, &format!("standing_decisions_refused_total{{reason=\"{reason}\"}}"), 1.0);
    }
    assert_figure(&text, "standing_clock_difference_seconds", 0.0);
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
        "standing_disk_free_bytes",
        "standing_disk_size_bytes",
        "standing_store_bytes",
    ] {
        assert!(figure(&text, name) > 0.0, "{name}");
    }
    assert_figure(&text, "standing_archive_files", 0.0);
    assert!(figure(&text, "standing_checkpoint_age_seconds") < 60.0);
    let promtool =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut promtool) = promtool else {
        println!("skipped: there is no promtool");
        return;
    };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned() + &String::from_utf8_lossy(&said.stdout);
    assert_eq!(said, "", "promtool says something");
}

/// A token of a role, as `Authorization` carries it.
fn bearer(data: &Path, role: &str) -> String {
    let output = standing(&["token", "create", "--json", "--data", data.to_str().unwrap(), "--role", role]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    format!("Bearer {}", made["token"].as_str().unwrap())
}

#[test]
fn an_auditor_reads_figures_with_a_record_and_a_listener_of_its_own_gives_them_to_whoever_reaches_it() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::try_start_in(data.path(), &[], &[("STANDING_METRICS_LISTEN", "0")]).unwrap();
    let asked = |credentials: Option<&str>| -> Answer {
        let headers: Vec<(&str, &str)> = credentials.map(|token| ("authorization", token)).into_iter().collect();
        server.send("GET", "/metrics", &headers, None)
    };
    assert_eq!(asked(None).status, 401);
    assert_eq!(asked(Some(&bearer(data.path(), "asker"))).status, 403);
    let auditor = bearer(data.path(), "auditor");
    let answer = asked(Some(&auditor));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let place = answer.header("standing-decision").unwrap();
    let record = server.send("GET", &format!("/v1/decisions/{place}"), &[("authorization", &auditor)], None).json();
    assert_eq!(record["question"]["action"]["name"], "Api::readMetrics");

    let said = server.prints("figures are served");
    let watching = format!("http://{}", said.rsplit("address=").next().unwrap().trim());
    assert!(watching.starts_with("http://127.0.0.1:"), "{said}");
    let get = |path: &str| call(&watching, "GET", path, &[], None).unwrap();
    let before = figure(&get("/metrics").text, "standing_ledger_records");
    let answer = get("/metrics");
    assert_eq!((answer.status, answer.header("standing-decision")), (200, None));
    assert_figure(&answer.text, "standing_ledger_records", before);
    assert_eq!(get("/healthz").status, 200);
    assert_eq!(get("/readyz").status, 200);
    for path in ["/", "/v1/partners", "/openapi.json", "/v1/tokens"] {
        assert_eq!((get(path).status, get(path).code()), (404, "no_such_route".to_owned()), "{path}");
    }
    let asked = question("contoso", "removeSeats", "Subscription", "s-office").to_string();
    let json = [("content-type", "application/json")];
    let asked = call(&watching, "POST", "/access/v1/evaluation", &json, Some(asked.as_bytes())).unwrap();
    assert_eq!(asked.status, 404, "{}", asked.text);
}

#[test]
fn limits_that_were_reached_and_reviews_of_rules_are_counted() {
    let data = tempfile::tempdir().unwrap();
    let rules = tempfile::tempdir().unwrap();
    let mut copy = Command::new("cp");
    copy.arg("-r").args(["policies", "schemas"]).arg(rules.path()).current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(copy.status().unwrap().success());
    let limits = [("STANDING_LIMITS_BODY_BYTES", "300"), ("STANDING_LIMITS_EVALUATIONS", "1")];
    let folder = rules.path().to_str().unwrap();
    let server = Server::try_start_in(data.path(), &["--anonymous", "--rules", folder], &limits).unwrap();
    let text = server.get("/metrics").text;
    assert!(!text.contains("standing_limits_reached_total{"), "{text}");
    let mut asked = question("contoso", "removeSeats", "Subscription", "s-office");
    let many = json!({ "evaluations": [asked, asked] });
    assert_eq!(server.post("/access/v1/evaluations", &many).code(), "too_many_evaluations");
    asked["context"] = json!({ "padding": "x".repeat(300) });
    for _ in 0..2 {
        assert_eq!(server.post("/access/v1/evaluation", &asked).status, 413);
    }
    let rule = rules.path().join("policies/may/receive-bill.cedar");
    let text = std::fs::read_to_string(&rule).unwrap();
    std::fs::write(&rule, format!("{text}// A remark.\n")).unwrap();
    let began = Instant::now();
    let text = loop {
        let text = server.get("/metrics").text;
        if figure(&text, "standing_rules_review_age_seconds") >= 0.0 {
            break text;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{text}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_figure(&text, "standing_limits_reached_total{limit=\"body_bytes\"}", 2.0);
    assert_figure(&text, "standing_limits_reached_total{limit=\"evaluations\"}", 1.0);
    // There is no solver in this test.
    assert_figure(&text, "standing_rules_review_outcome{outcome=\"not_proved\"}", 1.0);
    assert_figure(&text, "standing_rules_review_outcome{outcome=\"refused\"}", 0.0);
    assert!(figure(&text, "standing_rules_review_claims{result=\"checked_on_every_row\"}") > 5.0);
}
