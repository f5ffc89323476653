//! The dashboard and the alert rules of the manual name figures that exist, with the labels they have.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

use crate::server::{Server, question};

const DASHBOARD: &str = include_str!("../src/manual/grafana.json");
const ALERTS: &str = include_str!("../src/manual/alerts.yml");
/// Labels that Prometheus gives every figure it collects.
const COLLECTED: [&str; 2] = ["instance", "job"];

/// Each figure that is served, by the name a query has for it, with its labels. One that counts nothing yet has a
/// description alone, so everything is asked for once here.
fn served() -> BTreeMap<String, BTreeSet<String>> {
    let data = tempfile::tempdir().unwrap();
    let server = Server::try_start_in(data.path(), &["--demo"], &[("STANDING_LIMITS_EVALUATIONS", "1")]).unwrap();
    for resource in ["s-office", "s-nothing"] {
        let asked = question("contoso", "removeSeats", "Subscription", resource);
        assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
    }
    let asked = question("contoso", "removeSeats", "Subscription", "s-office");
    assert_eq!(server.post("/access/v1/evaluations", &json!({ "evaluations": [asked, asked] })).status, 400);
    let text = server.send("GET", "/metrics", &[("accept", "text/plain")], None).text;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, _)) = line.strip_prefix("# TYPE ").and_then(|described| described.split_once(' ')) {
            found.entry(name.to_owned()).or_default();
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        let (name, labels) = line.split_once('{').unwrap_or((line.split(' ').next().unwrap(), ""));
        let labels = labels.split('"').step_by(2).filter_map(|before| before.trim_start_matches(',').strip_suffix('='));
        found.entry(name.to_owned()).or_default().extend(labels.map(str::to_owned));
    }
    found
}

/// The queries of the dashboard and of the alert rules.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let mut queries: Vec<String> = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    assert!(queries.len() > 20, "{}", queries.len());
    let alerts: Vec<&str> = ALERTS.split("        expr: ").skip(1).collect();
    assert!(alerts.len() > 10, "{}", alerts.len());
    // What follows the query is indented less than what continues it.
    queries.extend(alerts.iter().map(|alert| alert.split("\n        for:").next().unwrap().to_owned()));
    queries.iter().map(|query| query.split("\n        labels:").next().unwrap().to_owned()).collect()
}

/// The figures a query names, each with the labels it picks by.
fn figures(query: &str) -> Vec<(String, Vec<String>)> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        rest = &rest[at..];
        let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        rest = &rest[end..];
        let picked = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let labels = picked.map_or("", |(labels, _)| labels).split('"').step_by(2);
        let labels = labels.map(|label| label.trim_matches([',', ' ', '=', '~', '!']).to_owned());
        if name.starts_with("standing_") || name.starts_with("process_") {
            found.push((name.to_owned(), labels.filter(|label| !label.is_empty()).collect()));
        }
        rest = picked.map_or(rest, |(_, after)| after);
    }
    found
}

#[test]
fn every_figure_of_the_dashboard_and_of_the_alert_rules_is_served_and_has_the_labels_it_is_picked_by() {
    assert_eq!(
        figures("sum by (le) (rate(standing_a_bucket{b=~\"c_d\",e!=\"process_f\"}[5m])) / process_g"),
        [("standing_a_bucket".to_owned(), vec!["b".to_owned(), "e".to_owned()]), ("process_g".to_owned(), Vec::new())]
    );
    let (served, mut named) = (served(), BTreeSet::new());
    for query in queries() {
        let figures = figures(&query);
        assert!(!figures.is_empty() || query.starts_with("up{"), "`{query}` names none of our figures");
        for (name, labels) in figures {
            let known = served.get(&name).unwrap_or_else(|| panic!("`{name}` of `{query}` is not served"));
            for label in labels.iter().filter(|label| !COLLECTED.contains(&label.as_str())) {
                assert!(known.contains(label), "`{name}` of `{query}` has no label `{label}`: {known:?}");
            }
            named.insert(name);
        }
    }
    assert!(named.len() > 25, "{named:?}");
}

#[test]
fn promtool_has_nothing_to_say_against_the_alert_rules() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/src/manual/alerts.yml");
    let Ok(said) = Command::new("promtool").args(["check", "rules", "--lint-fatal", rules]).output() else {
        println!("skipped: there is no promtool");
        return;
    };
    let text = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{text}");
}
