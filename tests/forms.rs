//! What is known of a set of rules in the forms that other tools read, and what a package ships beside the program.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::in_force::Folder;
use crate::server::standing;

/// What a command prints in a folder, without a solver.
fn printed(folder: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
    let output = command.current_dir(folder).env("CVC5", "/nowhere/cvc5").args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn findings_are_printed_as_sarif_with_the_places_that_a_reader_of_the_sources_knows() {
    let folder = Folder::shipped();
    let path = "policies/may/add-seats.cedar";
    let text = fs::read_to_string(folder.path().join(path)).unwrap();
    fs::write(folder.path().join(path), text.replace("resource has sale", "resource has sail")).unwrap();
    let (code, sarif) =
        printed(folder.path(), &["rules", "check", "--rules", ".", "--data", "no-store", "--format", "sarif"]);
    assert_eq!(code, Some(2), "{sarif}");
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    insta::assert_snapshot!(format!("{sarif:#}"));
    let (code, good) = printed(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")),
        &["rules", "check", "--data", "no-store", "--format", "sarif"],
    );
    let good: Value = serde_json::from_str(&good).unwrap();
    assert_eq!((code, good["runs"][0]["results"].as_array().map(Vec::len)), (Some(0), Some(0)), "{good}");
}

#[test]
fn proofs_are_printed_as_junit_which_passes_only_where_everything_is_proved() {
    let folder = Folder::shipped();
    let path = "policies/may/add-seats.cedar";
    let text = fs::read_to_string(folder.path().join(path)).unwrap();
    fs::write(folder.path().join(path), text.replace("resource has sale", "resource has \"<sail> & \\\"more\\\"\""))
        .unwrap();
    let (code, broken) = printed(folder.path(), &["rules", "prove", "--rules", ".", "--format", "junit"]);
    assert_eq!(code, Some(2), "{broken}");
    insta::assert_snapshot!(broken);
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (code, unproved) = printed(shipped, &["rules", "prove", "--format", "junit"]);
    assert_eq!(code, Some(2), "nothing is proved without a solver");
    let cases = unproved.matches("<testcase ").count();
    assert!(cases > 27 && unproved.matches("<error ").count() + 1 >= cases - 1, "{unproved}");
}

#[test]
fn completions_and_pages_of_man_are_made_of_the_commands_there_are() {
    let folder = tempfile::tempdir().unwrap();
    // A fresh system has no folder for pages of its own.
    let pages = folder.path().join("man/man1");
    let output = standing(&["man", pages.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for page in ["standing.1", "standing-serve.1", "standing-backup.1", "standing-ledger-verify.1"] {
        let text = fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains("Exit codes:"), "{page}: {text}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let output = standing(&["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("restore") && script.contains("passphrase-file"), "{shell}");
    }
}

#[test]
fn the_settings_that_a_package_ships_are_understood() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/src/packaging/standing.toml");
    // What is commented out is understood too.
    let text = fs::read_to_string(sample).unwrap();
    let all: String = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| line.split(' ').nth(1) == Some("=")).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(all.contains("\nlog_level = ") && all.contains("\ncheckpoints_to = "), "{all}");
    let folder = tempfile::tempdir().unwrap();
    let everything = folder.path().join("standing.toml");
    fs::write(&everything, all).unwrap();
    for file in [sample, everything.to_str().unwrap()] {
        let output = standing(&["config", "check", "--config", file]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    // The unit starts the server that is shipped with the settings that are shipped.
    let unit = include_str!("../src/packaging/standing.service");
    assert!(unit.contains("ExecStart=/usr/bin/standing serve --config /etc/standing/standing.toml\n"));
}

#[test]
fn records_are_exported_as_events_of_ocsf_with_everything_that_the_class_requires() {
    // What the published schema of 1.3.0 has of API Activity, as far as it is used here.
    const REQUIRED: [&str; 10] = [
        "activity_id",
        "actor",
        "api",
        "category_uid",
        "class_uid",
        "metadata",
        "severity_id",
        "src_endpoint",
        "time",
        "type_uid",
    ];
    const OPTIONAL: [&str; 8] =
        ["activity_name", "category_name", "class_name", "resources", "severity", "status", "status_id", "unmapped"];
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = crate::server::Server::start(&data, &["--demo"]);
    let asks = |partner: &str| crate::server::question(partner, "removeSeats", "Subscription", "s-office");
    assert_eq!(server.post("/access/v1/evaluation", &asks("contoso")).status, 200);
    assert_eq!(server.post("/access/v1/evaluation", &asks("fabrikam")).status, 200);
    assert_eq!(server.get("/v1/customers/nobody").status, 404);
    let file = folder.path().join("events");
    let export = |more: &[&str]| {
        let all =
            [&["ledger", "export", file.to_str().unwrap(), "--format", "ocsf", "--data", data.to_str().unwrap()], more];
        let output = standing(&all.concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(&file).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let events = export(&[]);
    for (event, seq) in events.iter().zip(1..) {
        let members = event.as_object().unwrap();
        assert!(REQUIRED.iter().all(|name| members.contains_key(*name)), "{event}");
        assert!(
            members.keys().all(|name| [REQUIRED.as_slice(), &OPTIONAL].concat().contains(&name.as_str())),
            "{event}"
        );
        assert_eq!(event["type_uid"], 600_300 + event["activity_id"].as_u64().unwrap());
        assert!(event["metadata"]["product"]["vendor_name"].is_string() && event["metadata"]["version"] == "1.3.0");
        assert_eq!(event["metadata"]["sequence"], seq);
        assert!(event["actor"]["user"]["uid"].is_string() && event["api"]["operation"].is_string(), "{event}");
    }
    let last: Vec<&Value> = events.iter().rev().take(4).collect();
    let of =
        |event: &Value| (event["api"]["operation"].clone(), event["status"].clone(), event["activity_name"].clone());
    let text = |operation: &str, status: &str, name: &str| (operation.into(), status.into(), name.into());
    assert_eq!(of(last[0]), text("readCustomer", "Success", "Read"));
    assert_eq!(of(last[1]), text("removeSeats", "Failure", "Decide"));
    assert_eq!(of(last[2]), text("removeSeats", "Success", "Decide"));
    assert_eq!(last[2]["actor"]["authorizations"][0]["policy"]["uid"], "may/remove-seats");
    let masked = export(&["--mask", "caller,resource"]);
    assert!(masked.iter().all(|event| event["unmapped"]["masked"].is_array()), "what is masked stays so");
    assert_eq!(masked[events.len() - 2]["resources"], serde_json::json!([]));
}
