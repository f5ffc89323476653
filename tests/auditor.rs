//! What an auditor asks for: days, changes of somebody, records told in sentences and as a spreadsheet, and a proof that
//! can be handed on.

use std::collections::BTreeMap;
use std::process::Output;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use standing::audit::{LedgerKey, ProofFile, VerifierKey};
use standing::change::registry::SubscriptionFilter;
use standing::clock::Timestamp;
use standing::evidence::changes::{Change, ChangeFilter};
use standing::id::Revision;
use standing::{change, evidence};
use tempfile::TempDir;

use crate::server::{Server, question, standing};
use crate::worlds::{CUSTOMERS, Chance, PARTNERS, World, operator, rules};

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The demonstration, with one question that was answered with a yes and one that was not.
fn demonstration() -> (TempDir, Server) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    for action in ["removeSeats", "provideSupport"] {
        let asked = question("contoso", action, "Subscription", "s-office");
        assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
    }
    (data, server)
}

#[test]
fn a_day_without_a_time_is_taken_wherever_a_time_is() {
    let (data, server) = demonstration();
    let at = server.get("/v1/decisions?limit=1").json()["decisions"][0]["at"].as_str().unwrap().to_owned();
    let today: Date = at[..10].parse().unwrap();
    let (before, after) = (today.yesterday().unwrap(), today.checked_add(2.days()).unwrap());
    let count = |path: &str, noun: &str| {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()[noun].as_array().unwrap().len()
    };
    for (path, noun) in
        [("/v1/decisions?asked=evaluation&limit=1000", "decisions"), ("/v1/changes?limit=1000", "changes")]
    {
        let all = count(path, noun);
        assert!(all >= 2);
        // From the beginning of a day, up to the end of one: a day holds what happened in it.
        assert_eq!(count(&format!("{path}&from={today}"), noun), all);
        assert_eq!(count(&format!("{path}&to={after}"), noun), all);
        assert_eq!(count(&format!("{path}&from={before}&to={after}"), noun), all);
        assert_eq!(count(&format!("{path}&from={after}"), noun), 0);
        assert_eq!(count(&format!("{path}&to={before}"), noun), 0);
        assert_eq!(count(&format!("{path}&from={before}&to={before}"), noun), 0);
    }
    // As of a day is as of its end, and as of now while it lasts.
    for path in
        ["/v1/customers/adatum/partners?", "/v1/partners/contoso/customers?", "/v1/access-review?customer=adatum&"]
    {
        let now = server.get(&format!("{path}as_of={today}"));
        assert_eq!(now.status, 200, "{path}: {}", now.text);
        let coming = server.get(&format!("{path}as_of={after}"));
        assert_eq!((coming.status, coming.code().as_str()), (400, "not_yet"), "{path}: {}", coming.text);
    }
    // A question too, over HTTP and on the command line.
    let asked = question("contoso", "removeSeats", "Subscription", "s-office");
    let (ask, text) = (["Partner::contoso", "removeSeats", "Subscription::s-office"], data.path().to_str().unwrap());
    for (day, status, is_yes, code) in [(today, 200, true, 0), (before, 200, false, 2), (after, 400, false, 64)] {
        let answer = server.post(&format!("/access/v1/evaluation?as_of={day}"), &asked);
        assert_eq!(answer.status, status, "{day}: {}", answer.text);
        assert_eq!(answer.json()["decision"].as_bool().unwrap_or_default(), is_yes, "{day}: {}", answer.text);
        let as_of = day.to_string();
        let output = standing(&[&["check"], &ask[..], &["--as-of", &as_of, "--data", text]].concat());
        assert_eq!(output.status.code(), Some(code), "{day}: {}", said(&output));
    }
    for (from, to, is_found) in [(today, after, true), (before, before, false), (after, after, false)] {
        let [from, to] = [from, to].map(|day| day.to_string());
        let find = ["ledger", "find", "--subject", "Partner::contoso", "--from", &from, "--to", &to, "--data", text];
        let output = standing(&find);
        assert_eq!(output.status.code(), Some(0), "{from} to {to}: {}", said(&output));
        assert_eq!(!said(&output).ends_with("0 records\n"), is_found, "{from} to {to}: {}", said(&output));
    }
    let was = server.get(&format!("/v1/access-review?customer=adatum&as_of={before}"));
    assert_eq!((was.status, was.code().as_str()), (404, "unknown_customer"), "{}", was.text);
    let nothing = server.send("POST", &format!("/v1/ledger/archive?before={before}"), &[], None);
    assert_eq!(nothing.json()["records"], 0, "{}", nothing.text);
    for wrong in ["2026-13-01", "2026-11-31", "2026-1-1", "20261101T", "2026-11-01T10:00", "yesterday"] {
        for path in
            ["/v1/decisions?from=", "/v1/decisions?to=", "/v1/changes?from=", "/v1/customers/adatum/partners?as_of="]
        {
            let answer = server.get(&format!("{path}{wrong}"));
            assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_parameter"), "{path}{wrong}");
            assert!(answer.text.contains("2026-11-01"), "{}", answer.text);
        }
    }
}

/// Is a change wanted, said without the code that lists it?
fn is_wanted(change: &Change, filter: &Value, sellers: &BTreeMap<String, String>) -> bool {
    let event = serde_json::to_value(change).unwrap();
    let is = |member: &str, wanted: &Value| wanted.is_null() || event[member] == *wanted;
    let partner = &filter["partner"];
    let named = ["partner", "originalReseller", "displacedBy"].iter().any(|member| event[*member] == *partner);
    let sold = event["subscription"].as_str().and_then(|id| sellers.get(id));
    is("event", &filter["event"])
        && is("customer", &filter["customer"])
        && (partner.is_null() || named || sold.map(String::as_str) == partner.as_str())
        && filter["from"].as_str().is_none_or(|from| from.parse::<Timestamp>().unwrap() <= change.at)
        && filter["to"].as_str().is_none_or(|to| change.at < to.parse::<Timestamp>().unwrap())
}

#[tokio::test]
async fn changes_are_found_by_time_customer_partner_and_event_and_every_page_says_where_to_go_on() {
    for seed in 1..=3 {
        let world = World::made_up(rules(&[]), seed).await;
        let whole = evidence::changes::changes(&world.pdp, &operator(), Revision(0), 1_000).await.unwrap().value;
        assert!(whole.complete);
        let sold =
            change::registry::list_subscriptions(&world.pdp, &operator(), &SubscriptionFilter::default(), 1000, None)
                .await
                .unwrap();
        let sold = &sold.value.items;
        let own: BTreeMap<String, Option<String>> = sold
            .iter()
            .map(|sold| (sold.id.to_string(), sold.original_reseller.as_ref().map(ToString::to_string)))
            .collect();
        let seller = |sold: &standing::domain::subscription::Subscription| match &sold.parent {
            Some(parent) => own.get(parent.as_str()).cloned().flatten(),
            None => own.get(sold.id.as_str()).cloned().flatten(),
        };
        let sellers: BTreeMap<String, String> =
            sold.iter().filter_map(|sold| Some((sold.id.to_string(), seller(sold)?))).collect();
        let mut chance = Chance::of(seed);
        for round in 0..60 {
            let some = |chance: &mut Chance| whole.changes[chance.below(whole.changes.len())].clone();
            let mut filter = json!({});
            for _ in 0..=chance.below(3) {
                let change = serde_json::to_value(some(&mut chance)).unwrap();
                match chance.below(5) {
                    0 => filter["customer"] = chance.of_all(&CUSTOMERS).into(),
                    1 => filter["partner"] = chance.of_all(&PARTNERS).into(),
                    2 => filter["event"] = change["event"].clone(),
                    3 => filter["from"] = change["at"].clone(),
                    _ => filter["to"] = change["at"].clone(),
                }
            }
            let word = |name: &str| filter[name].as_str();
            let asked = ChangeFilter {
                from: word("from").map(|at| at.parse().unwrap()),
                to: word("to").map(|at| at.parse().unwrap()),
                customer: word("customer").map(|id| id.parse().unwrap()),
                partner: word("partner").map(|id| id.parse().unwrap()),
                event: word("event").map(|event| event.parse().unwrap()),
            };
            let wanted: Vec<&Change> =
                whole.changes.iter().filter(|change| is_wanted(change, &filter, &sellers)).collect();
            let limit = 1 + chance.below(7);
            let (mut told, mut after) = (Vec::new(), Revision(0));
            loop {
                let page = evidence::changes::changes_page(&world.pdp, after, limit, &asked).unwrap();
                assert!(page.next >= after && page.next <= world.pdp.revision());
                assert!(page.complete || page.next > after, "it goes on");
                // A revision is told whole: nothing of the last one is left for the next page.
                let last = page.changes.last().map(|change| change.revision);
                assert!(last.is_none_or(|last| last <= page.next));
                told.extend(page.changes);
                after = page.next;
                if page.complete {
                    break;
                }
            }
            assert_eq!(told.iter().collect::<Vec<_>>(), wanted, "world {seed}, round {round}: {filter}");
        }
    }
}

#[test]
fn a_list_and_a_stream_of_changes_take_the_same_filters_and_nothing_else() {
    let (_data, server) = demonstration();
    let page = server.get("/v1/changes?customer=adatum&event=dap-admin-relationship-approved&limit=1").json();
    // What one acceptance approved has one revision, and stands on one page.
    let changes = page["changes"].as_array().unwrap();
    assert!(!changes.is_empty() && changes.iter().all(|change| change["revision"] == page["next"]), "{page}");
    assert!(changes.iter().all(|change| change["customer"] == "adatum"), "{page}");
    assert_eq!(page["complete"], false, "{page}");
    for (query, code) in [
        ("event=partner-vanished", "invalid_parameter"),
        ("customer=a b", "invalid_parameter"),
        ("from=soon", "invalid_parameter"),
        ("colour=red", "unknown_parameter"),
    ] {
        let answer = server.get(&format!("/v1/changes?{}", query.replace(' ', "%20")));
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{query}: {}", answer.text);
    }
    assert!(server.get("/v1/changes?event=partner-vanished").text.contains("partner-registered"));
    let streamed = server.send("GET", "/v1/changes?to=2026-01-01", &[("accept", "text/event-stream")], None);
    assert_eq!(streamed.status, 400, "{}", streamed.text);
}

#[test]
fn records_are_found_and_told_in_sentences() {
    let (data, server) = demonstration();
    let find = |arguments: &[&str]| {
        let output = standing(&[&["ledger", "find", "--data", data.path().to_str().unwrap()], arguments].concat());
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned(), said(&output))
    };
    // Beside a running server, and without one.
    let of_contoso = ["--subject", "Partner::contoso", "--asked", "evaluation"];
    let (code, beside, said) = find(&of_contoso);
    assert_eq!(code, 0, "{said}");
    let lines: Vec<&str> = beside.lines().collect();
    assert_eq!((lines.len(), lines.last().copied()), (3, Some("2 records")), "{beside}");
    for words in [
        "operator:anonymous asked whether partner contoso (",
        ") may removeSeats on subscription s-office of customer adatum (",
    ] {
        assert!(lines[0].contains(words), "{words}: {beside}");
    }
    assert!(lines[0].contains(": yes, by `may/remove-seats`, "), "{beside}");
    // What was missing is said in words.
    let missing = ": no, delegated_admin_permissions_disabled: the customer has not delegated administration";
    assert!(lines[1].contains(missing), "{beside}");
    let (_, no, _) = find(&["--decision", "no", "--action", "provideSupport"]);
    assert_eq!(no.lines().count(), 2, "{no}");
    let (_, newest, _) = find(&[&of_contoso[..], &["--newest", "--limit", "1"]].concat());
    assert_eq!(newest.lines().collect::<Vec<_>>(), [lines[1], "1 record"]);
    assert!(server.terminate().success());
    assert_eq!(find(&of_contoso).1, beside);
    let (code, machine, _) = find(&[&of_contoso[..], &["--json"]].concat());
    let machine: Vec<Value> = machine.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, machine.len()), (0, 3));
    assert_eq!(machine[2], json!({ "found": 2, "complete": true, "missing": [] }));
    assert_eq!(machine[0]["decision"], true);
    let (_, calls, _) = find(&["--asked", "call", "--limit", "1"]);
    assert!(calls.contains(" called "), "{calls}");
    assert_eq!(find(&["--decision", "perhaps"]).0, 64);
    assert_eq!(find(&["--from", "soon"]).0, 64);
}

#[test]
fn records_are_a_spreadsheet_in_which_nothing_is_a_formula() {
    let (_data, server) = demonstration();
    let asked = question("contoso", "migrate", "Subscription", "s-office").to_string();
    let headers = [("content-type", "application/json"), ("x-request-id", "=HYPERLINK(\"x\",1)")];
    server.send("POST", "/access/v1/evaluation", &headers, Some(asked.as_bytes()));
    let path = "/v1/decisions?asked=evaluation";
    let records = server.get(path).json()["decisions"].as_array().unwrap().clone();
    assert_eq!(records.len(), 3);
    for (path, accept) in [(path.to_owned(), "text/csv"), (format!("{path}&format=csv"), "*/*")] {
        let csv = server.send("GET", &path, &[("accept", accept)], None);
        assert!(csv.header("content-type").unwrap().starts_with("text/csv"), "{csv:?}");
        assert!(csv.text.lines().count() >= 4 && csv.text.split("\r\n").count() == 5, "{}", csv.text);
        let mut reader = csv::Reader::from_reader(csv.text.as_bytes());
        let columns = reader.headers().unwrap().clone();
        let rows: Vec<BTreeMap<String, String>> = reader
            .records()
            .map(|row| columns.iter().map(str::to_owned).zip(row.unwrap().iter().map(str::to_owned)).collect())
            .collect();
        assert_eq!(rows.len(), records.len());
        for (row, record) in rows.iter().zip(&records) {
            assert_eq!(row["seq"], record["seq"].to_string());
            assert_eq!(row["decision"], record["decision"].to_string());
            // A hash may begin as a formula does, too.
            let hash = record["hash"].as_str().unwrap();
            let is_formula = hash.starts_with(['=', '+', '-', '@']);
            assert_eq!(row["hash"], if is_formula { format!("'{hash}") } else { hash.to_owned() });
            assert_eq!(row["subject"], "Partner::contoso");
            assert!(row["words"].contains("asked whether partner contoso"), "{row:?}");
            assert!(row.values().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
        }
        assert_eq!(rows[2]["requestId"], "'=HYPERLINK(\"x\",1)");
    }
    for (query, code) in [("format=csv&limit=3", "unknown_parameter"), ("format=html", "invalid_parameter")] {
        let answer = server.get(&format!("/v1/decisions?{query}"));
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{query}: {}", answer.text);
    }
}

#[test]
fn a_proof_of_one_record_is_checked_with_the_public_key_alone() {
    let (data, server) = demonstration();
    let path = |name: &str| data.path().join(name).to_str().unwrap().to_owned();
    let (file, public, folder) = (path("one.proof"), path("ledger.pub"), path(""));
    let seq = server.get("/v1/decisions?asked=evaluation&limit=1").json()["decisions"][0]["seq"].to_string();
    let verify = |file: &str, key: &str| standing(&["ledger", "verify", "--proof", file, "--key", key]);
    let output = standing(&["ledger", "prove", &seq, &file, "--data", &folder]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(server.terminate().success());
    let output = verify(&file, &public);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains(&format!("record {seq} is in the ledger `standing/")), "{}", said(&output));
    assert!(said(&output).contains("removeSeats by Partner::contoso"), "{}", said(&output));
    let output = standing(&["ledger", "verify", "--proof", &file, "--key", &public, "--json"]);
    let machine: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((machine["proved"].as_bool(), machine["record"]["decision"].as_bool()), (Some(true), Some(true)));

    // Every byte of it counts.
    let text = std::fs::read(&file).unwrap();
    let key = VerifierKey::parse(&std::fs::read_to_string(&public).unwrap()).unwrap();
    let is_proved = |text: &[u8]| {
        let Ok(text) = std::str::from_utf8(text) else { return false };
        ProofFile::parse(text).is_ok_and(|proof| proof.verify(&key).is_ok())
    };
    assert!(is_proved(&text));
    for at in 0..text.len() - 1 {
        let mut altered = text.clone();
        altered[at] ^= 1 << (at % 7);
        assert!(!is_proved(&altered), "byte {at}: {}", String::from_utf8_lossy(&altered));
    }
    // So does every line, and the key.
    let lines: Vec<&str> = std::str::from_utf8(&text).unwrap().lines().collect();
    for kept in [&lines[..2], &lines[1..], &[lines[1], lines[0], lines[2]], &[lines[0], lines[1], lines[2], lines[2]]] {
        std::fs::write(path("altered.proof"), kept.join("\n") + "\n").unwrap();
        let output = verify(&path("altered.proof"), &public);
        assert_eq!(output.status.code(), Some(2), "{kept:?}: {}", said(&output));
        assert!(said(&output).contains("proves nothing"), "{}", said(&output));
    }
    std::fs::write(path("other.pub"), LedgerKey::of_seed(&[1; 32], "standing/other").unwrap().public().text()).unwrap();
    assert_eq!(verify(&file, &path("other.pub")).status.code(), Some(2));
    assert_eq!(verify(&path("nothing.proof"), &public).status.code(), Some(1));
    assert_eq!(standing(&["ledger", "verify", "--proof", &file]).status.code(), Some(64));
    let output = standing(&["ledger", "prove", "99999", &file, "--data", &folder]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(std::fs::read(&file).unwrap(), text, "what was there is left as it is");
    // What was proved is held against the ledger itself as well: its head is among the checkpoints.
    assert_eq!(standing(&["ledger", "verify", "--data", &folder]).status.code(), Some(0));
}
