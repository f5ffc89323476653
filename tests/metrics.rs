//! Figures for whoever watches the service.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::server::{Server, question};

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
    for (action, resource) in [("removeSeats", "s-office"), ("removeSeats", "s-nothing"), ("receiveBill", "s-office")] {
        let asked = question("contoso", action, "Subscription", resource);
        assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
    }
    assert_eq!(server.get("/v1/partners/nobody").status, 404);
    let after = server.get("/metrics").text;
    let grew = |name: &str| figure(&after, name) - figure(&before, name);
    assert!((grew("standing_decisions_total{decision=\"yes\"}") - 2.0).abs() < 0.5);
    assert!((grew("standing_decisions_total{decision=\"no\"}") - 1.0).abs() < 0.5);
    assert!(grew("standing_ledger_records") > 3.5, "every answer has its record");
    let route = "method=\"POST\",route=\"/access/v1/evaluation\"";
    assert_figure(&after, &format!("standing_http_answers_total{{{route},status=\"200\"}}"), 3.0);
    assert_figure(&after, &format!("standing_http_answer_seconds_count{{{route}}}"), 3.0);
    assert_figure(&after, &format!("standing_http_answer_seconds_bucket{{le=\"+Inf\",{route}}}"), 3.0);
    let missing = "method=\"GET\",route=\"/v1/partners/{partner}\",status=\"404\"";
    assert_figure(&after, &format!("standing_http_answers_total{{{missing}}}"), 1.0);
    for (name, value) in [("standing_store_writable", 1.0), ("standing_rules_refused", 0.0)] {
        assert_figure(&after, name, value);
    }
    let digest = server.get("/v1/rules").json()["digest"].as_str().unwrap().to_owned();
    assert_figure(&after, &format!("standing_rules_in_force{{digest=\"{digest}\",from=\"files\"}}"), 1.0);
    assert!(after.contains("standing_build_info{"), "{after}");
    assert!(after.ends_with("# EOF\n"));
    for id in ["contoso", "adatum", "s-office", "nobody"] {
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
