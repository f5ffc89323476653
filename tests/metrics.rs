//! Figures for whoever watches the service.

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
