//! An auditor's pages: what they say, who sees them, that they find what the API finds, and that what they show can be
//! checked.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::ledger_rows::{self, Leaves};
use crate::people::{Browser, demo, main_of, said_by, signed_in};
use crate::server::{Answer, Server, question, standing};

const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authzen/world");

/// Every page of an auditor that can be fetched, over the demonstration.
const PAGES: [&str; 17] = [
    "/ledger",
    "/ledger?subject=Partner%3A%3Acontoso&caller=operator%3Alocal",
    "/ledger?reason=no_such_reason",
    "/ledger/12",
    "/ledger/31",
    "/ledger/31/replay?rules=current",
    "/ledger/replay",
    "/ledger/replay?rules=then&to=31",
    "/ledger/verification",
    "/ledger/verification?now=yes",
    "/ledger/checkpoints",
    "/changes",
    "/changes?partner=fabrikam&event=dap-admin-relationship-terminated",
    "/changes/22",
    "/access-review",
    "/access-review?customer=wingtip",
    "/access-review?partner=contoso&as_of=12",
];

/// What a page says, a line an element, without what is another each time: hashes, keys, and what a record holds as it is
/// stored.
fn said(page: &Answer) -> String {
    let is_of_hash = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let is_hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_hash = |word: &str| match word.len() {
        44 => word.ends_with('='),
        64 => is_hex(word),
        length => length > 44 && word.contains('+'),
    };
    // A digest stands by itself, not as a part of the parameter it is the value of.
    let mut text = said_by(&page.text).replace("?rules=", "?rules= ");
    if let Some((before, rest)) = text.split_once("<pre ") {
        text = format!("{before}{}", rest.split_once("</pre>").unwrap().1);
    }
    let mut said = String::new();
    for line in text.lines() {
        let mut rest = match line.split_once(", exactly").or_else(|| line.split_once("，与计算")) {
            Some(_) => "<dd>BYTES</dd>",
            None => line,
        };
        while let Some(at) = rest.find(is_of_hash) {
            let end = rest[at..].find(|c| !is_of_hash(c)).map_or(rest.len(), |length| at + length);
            let word = &rest[at..end];
            said.push_str(&rest[..at]);
            said.push_str(if is_hash(word) { "HASH" } else { word });
            rest = &rest[end..];
        }
        said.push_str(rest);
        said.push('\n');
    }
    said
}

fn numbers(page: &Answer) -> Vec<u64> {
    let body = page.text.split_once("<tbody").map_or("", |(_, body)| body);
    let links = body.split("href=\"/ledger/").skip(1);
    links.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
}

/// Where a list goes on.
fn next_of(page: &Answer) -> Option<String> {
    let (before, _) = page.text.split_once("\" rel=\"next\"")?;
    Some(before.rsplit_once('"')?.1.replace("&amp;", "&"))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Asks the demonstration questions with every kind of answer.
fn ask(server: &Server) {
    for (partner, action, kind, of) in [
        ("contoso", "provideSupport", "Subscription", "s-office"),
        ("contoso", "receiveBill", "Subscription", "s-office"),
        ("fabrikam", "provision", "Service", "adatum/office365"),
        ("nobody", "provision", "Service", "adatum/office365"),
    ] {
        let headers = [("content-type", "application/json"), ("x-request-id", "desk-1")];
        let asked = question(partner, action, kind, of).to_string();
        assert_eq!(server.send("POST", "/access/v1/evaluation", &headers, Some(asked.as_bytes())).status, 200);
    }
    let search = json!({
        "subject": { "type": "Partner" }, "action": { "name": "provision" },
        "resource": { "type": "Service", "id": "adatum/office365" },
    });
    assert_eq!(server.post("/access/v1/search/subject", &search).status, 200);
    assert_eq!(server.post("/access/v1/evaluation", &json!({ "subject": 1 })).status, 400);
    assert_eq!(server.get("/v1/partners/contoso/standing").status, 200);
    assert_eq!(server.get("/v1/partners/proseware/relationship-request").status, 403);
    let none = json!({ "evaluations": [{ "subject": 1 }] });
    assert_eq!(server.post("/access/v1/evaluations", &none).status, 200);
}

#[test]
fn every_page_of_an_auditor_reads_as_reviewed_in_both_languages() {
    for language in ["en", "zh-Hans"] {
        // Each has a ledger of its own, in which the numbers of records are the same.
        let (_data, server) = demo();
        let mut auditor = signed_in(&server, "auditor", language);
        for page in PAGES {
            let shown = auditor.get(page);
            assert_eq!(shown.status, 200, "{page}: {}", shown.text);
            let name = page.replace(['/', '{', '}', '?', '=', '&', '%'], " ");
            insta::assert_snapshot!(format!("page {language}{name}"), said(&shown));
            assert!(!shown.text.contains(" style=") && !shown.text.contains("<script>"), "{page}");
        }
        ask(&server);
        for (name, query) in [
            ("a refused question", "asked=evaluation&decision=false&subject=Partner::contoso"),
            ("a search", "asked=search"),
            ("a look", "asked=look&resource=Subscription::s-office"),
            ("a refused call", "reason=partner_suspended"),
            ("no question", "asked=evaluation&order=newest"),
        ] {
            let found = server.get(&format!("/v1/decisions?{query}&limit=1")).json();
            let seq = found["decisions"][0]["seq"].as_u64().unwrap_or_else(|| panic!("{query}: {found}"));
            let shown = auditor.get(&format!("/ledger/{seq}"));
            insta::assert_snapshot!(format!("page {language} the record of {name}"), said(&shown));
        }
    }
}

#[test]
fn an_auditor_begins_with_the_ledger_and_nobody_else_but_who_runs_it_sees_these_pages() {
    let (_data, server) = demo();
    let mut auditor = signed_in(&server, "auditor", "en");
    assert_eq!(auditor.get("/").header("location"), Some("/ledger"));
    let nav = auditor.get("/ledger").text.split_once("<nav").unwrap().1.split_once("</nav>").unwrap().0.to_owned();
    for path in ["/ledger", "/changes", "/access-review"] {
        assert!(nav.contains(&format!("href=\"{path}\"")), "{nav}");
    }
    let more = ["/ledger/31/record", "/ledger/31/proof", "/ledger/checkpoints/31", "/ledger/checkpoints/key"];
    for (who, status) in [("operator", 200), ("contoso", 404), ("adatum", 404), ("ada", 404)] {
        let mut browser = signed_in(&server, who, "en");
        for page in PAGES.into_iter().chain(more) {
            let shown = browser.get(page);
            assert_eq!(shown.status, status, "{who} {page}");
            if status == 404 {
                assert_eq!(main_of(&shown), main_of(&browser.get("/nowhere")), "{who} {page}");
            }
        }
        let key = Browser::hidden(&browser.get("/words"), "form_key");
        let fields = [("form_key", &*key), ("once", "ONCE"), ("note", "nothing")];
        let compared = browser.post("/ledger/checkpoints", &fields);
        assert_eq!(compared.status, if status == 200 { 422 } else { 404 }, "{who}");
    }
    let mut visitor = Browser::of(&server);
    for page in PAGES.into_iter().chain(more) {
        let sent = visitor.get(page);
        assert_eq!(
            (sent.status, sent.header("location").unwrap().starts_with("/sign-in?next=")),
            (303, true),
            "{page}"
        );
    }
    for none in ["/ledger/0", "/ledger/99999", "/ledger/x", "/ledger/99999/replay", "/ledger/99999/record"] {
        assert_eq!(auditor.get(none).status, 404, "{none}");
    }
    for none in ["/changes/0", "/changes/99999", "/changes/x", "/ledger/checkpoints/30", "/ledger/99999/proof"] {
        assert_eq!(auditor.get(none).status, 404, "{none}");
    }
}

#[test]
fn the_ledger_is_searched_by_every_field_of_the_api_and_finds_the_same() {
    let (_data, server) = demo();
    ask(&server);
    let newest: Vec<Value> = server.get("/v1/decisions?limit=1000").json()["decisions"].as_array().unwrap().clone();
    let rules = newest[0]["rules"].as_str().unwrap().to_owned();
    let before = newest.len();
    let at = newest[20]["at"].as_str().unwrap().to_owned();
    let mut auditor = signed_in(&server, "auditor", "en");
    for (field, value) in [
        ("subject", "Partner::contoso"),
        ("action", "provision"),
        ("action", "Api::writePartner"),
        ("resource", "Subscription::s-office"),
        ("decision", "true"),
        ("decision", "false"),
        ("reason", "delegated_admin_permissions_disabled"),
        ("reason", "unknown_partner"),
        ("caller", "operator:local"),
        ("rule", "may/api/partner"),
        ("rules", &rules),
        ("rules", &rules[..8]),
        ("asked", "evaluation"),
        ("asked", "search"),
        ("asked", "look"),
        ("asked", "call"),
        ("requestId", "desk-1"),
        ("from", &at),
        ("from", "2026-01-01"),
        ("to", &at),
        ("to", "2026-01-01"),
        ("order", "oldest"),
    ] {
        // What both look at is older than themselves.
        let until = if field == "to" { String::new() } else { format!("&to={}", encoded("2999-01-01")) };
        let order = if field == "order" { "" } else { "&order=oldest" };
        let api = format!("/v1/decisions?{field}={}&limit=1000{order}{until}", encoded(value));
        let found = server.get(&api).json()["decisions"].clone();
        let mut wanted: Vec<u64> = found.as_array().unwrap().iter().map(|one| one["seq"].as_u64().unwrap()).collect();
        wanted.retain(|seq| *seq <= before as u64);
        let path = format!("/ledger?{field}={}", encoded(value));
        let (mut page, mut shown) = (auditor.get(&path), Vec::new());
        loop {
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            shown.extend(numbers(&page));
            let Some(next) = next_of(&page) else { break };
            assert!(next.starts_with(&format!("/ledger?{field}=")) || field == "order", "{next}");
            page = auditor.get(&next);
        }
        if field != "order" {
            shown.reverse();
        }
        shown.retain(|seq| *seq <= before as u64);
        assert_eq!(shown, wanted, "{path}");
        assert!(value == "2026-01-01" && field == "to" || !wanted.is_empty(), "{path} finds nothing");
    }
}

#[test]
fn a_search_is_a_spreadsheet_with_the_rows_of_the_api_and_no_cell_begins_as_a_formula() {
    let (_data, server) = demo();
    for (id, name) in [("formula", "=1+1"), ("markup", "<b>x</b>\"><img src=x onerror=alert(1)>")] {
        let partner = json!({ "name": name, "kind": "directBill", "status": "active" });
        assert_eq!(server.put(&format!("/v1/partners/{id}"), &partner).status, 201);
        server.post("/access/v1/evaluation", &question(id, "provision", "Service", "adatum/office365"));
        let token = server.post("/v1/tokens", &json!({ "role": "partner", "for": id, "name": name })).json();
        let token = format!("Bearer {}", token["token"].as_str().unwrap());
        server.send("GET", &format!("/v1/partners/{id}/customers"), &[("authorization", &*token)], None);
    }
    let mut auditor = signed_in(&server, "auditor", "en");
    let query = "asked=evaluation&order=newest&format=csv";
    let sheet = auditor.get(&format!("/ledger?{query}"));
    assert_eq!(sheet.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert!(sheet.header("content-security-policy").is_some() && sheet.header("cache-control") == Some("no-store"));
    assert_eq!(sheet.text, server.get(&format!("/v1/decisions?{query}")).text);
    assert_eq!(sheet.text.lines().count(), 3, "{}", sheet.text);
    let all = auditor.get("/ledger?format=csv").text;
    for line in all.split("\r\n") {
        for cell in line.split(',') {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '+', '@']), "{line}");
        }
    }
    for page in ["/ledger", "/changes", "/access-review?partner=markup"] {
        let shown = auditor.get(page);
        assert_eq!(shown.status, 200, "{page}");
        assert!(!shown.text.contains("<b>x</b>") && !shown.text.contains("<img"), "{page}");
    }
    assert!(auditor.get("/ledger").text.contains("<bdi>&lt;b&gt;x&lt;/b&gt;"), "the name is shown as text");
}

#[test]
fn a_wrong_field_is_a_mistake_at_it_and_everything_typed_is_kept() {
    let (_data, server) = demo();
    let mut auditor = signed_in(&server, "auditor", "en");
    for (page, wrong, kept) in [
        ("/ledger?subject=contoso&action=provision", "subject", "provision"),
        ("/ledger?caller=anonymous&action=provision", "caller", "provision"),
        ("/ledger?resource=%3A%3Ax&reason=r", "resource", "%3A%3Ax"),
        ("/ledger?decision=maybe&reason=r", "decision", "r"),
        ("/ledger?from=yesterday&reason=r", "from", "yesterday"),
        ("/ledger?to=2026-13-01&reason=r", "to", "2026-13-01"),
        ("/ledger?order=sideways&reason=r", "order", "r"),
        ("/ledger?rules=xyz&reason=r", "rules", "xyz"),
        ("/ledger?rules=00000000&reason=r", "rules", "00000000"),
        ("/ledger?rules=00000000&format=csv", "rules", "00000000"),
        ("/ledger?asked=twice&reason=r", "asked", "r"),
        ("/ledger/31/replay?set=00000000", "set", "00000000"),
        ("/ledger/replay?rules=then&from=x", "from", "x"),
        ("/ledger/replay?set=00000000", "set", "00000000"),
        ("/changes?customer=%3Cb%3E&partner=contoso", "customer", "contoso"),
        ("/changes?event=nothing&partner=contoso", "event", "contoso"),
        ("/changes?from=x&partner=contoso", "from", "x"),
        ("/access-review?customer=nobody", "customer", "nobody"),
        ("/access-review?partner=nobody&as_of=12", "partner", "nobody"),
        ("/access-review?customer=adatum&as_of=soon", "as_of", "soon"),
        ("/access-review?customer=adatum&as_of=99999", "as_of", "99999"),
        ("/access-review?customer=adatum&partner=contoso", "partner", "contoso"),
        ("/access-review?customer=adatum&rules=mine", "rules", "adatum"),
    ] {
        let shown = auditor.get(page);
        assert_eq!(shown.status, 422, "{page}: {}", shown.text);
        let text = &shown.text;
        assert!(text.contains("<title>Error: ") && text.contains("tabindex=\"-1\" autofocus"), "{page}");
        assert!(
            text.contains(&format!("href=\"#{wrong}\"")) && text.contains(&format!("id=\"{wrong}-error\"")),
            "{page}"
        );
        let kept = kept.replace("%3A", ":");
        assert!(text.contains(&format!("value=\"{kept}\"")), "{page}: `{kept}` is not kept");
    }
    for (page, status) in [
        ("/ledger?subjekt=Partner%3A%3Acontoso", 400),
        ("/ledger?reason=a&reason=b", 400),
        ("/ledger?cursor=made-up", 200),
        ("/changes?cursor=made-up", 200),
        ("/ledger/checkpoints?cursor=made-up", 200),
    ] {
        let shown = auditor.get(page);
        assert_eq!(shown.status, status, "{page}");
        assert_eq!(shown.text.contains("was none of this list"), status == 200, "{page}");
    }
}

#[test]
fn every_record_is_the_one_that_was_written_and_is_decided_the_same_again() {
    let (_data, server) = demo();
    ask(&server);
    let records = server.get("/v1/decisions?limit=1000").json()["decisions"].as_array().unwrap().clone();
    assert!(records.len() > 40);
    let mut auditor = signed_in(&server, "auditor", "en");
    let mut kinds = std::collections::BTreeSet::new();
    for record in &records {
        let seq = record["seq"].as_u64().unwrap();
        kinds.insert(record["asked"].as_str().unwrap().to_owned());
        let page = auditor.get(&format!("/ledger/{seq}"));
        assert_eq!(page.status, 200, "{seq}");
        for says in ["It is the record that was written", "Decided again, the answer is the same"] {
            assert!(page.text.contains(says), "{seq}: {}", page.text);
        }
        let bytes = auditor.get(&format!("/ledger/{seq}/record")).text;
        let hash: String = Sha256::digest(bytes.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(page.text.contains(&hash), "{seq}: the download has another hash");
        let of_api: Value = server.get(&format!("/v1/decisions/{seq}")).json();
        let own: Value = serde_json::from_str(&bytes).unwrap();
        assert!(own.as_object().unwrap().iter().all(|(member, value)| of_api[member] == *value), "{seq}");
        assert!(page.text.contains(of_api["hash"].as_str().unwrap()), "{seq}");
        if let Some(reason) = record["reason"].as_str() {
            assert!(page.text.contains(reason), "{seq}");
        }
        let again = auditor.get(&format!("/ledger/{seq}/replay?rules=current"));
        assert!(again.text.contains("Decided again, the answer is the same"), "{seq}");
    }
    assert_eq!(Vec::from_iter(kinds), ["call", "evaluation", "look", "search"]);
    let proof = auditor.get("/ledger/12/proof");
    assert_eq!(proof.text.lines().count(), 3, "{}", proof.text);
    assert_eq!(auditor.get("/ledger/checkpoints/31").text, {
        let kept = server.get("/v1/ledger/checkpoints?limit=1000").json()["checkpoints"].clone();
        let of_31 = kept.as_array().unwrap().iter().find(|kept| kept["size"] == 31).unwrap().clone();
        of_31["note"].as_str().unwrap().to_owned()
    });
    let all = auditor.get("/ledger/replay?rules=current");
    assert!(all.text.contains("Nothing comes out otherwise"), "{}", all.text);
    let first = auditor.get("/ledger/replay?rules=then&from=2&to=11");
    assert!(first.text.contains("10 records were decided again, by the rules it names"), "{}", first.text);
}

fn compared(auditor: &mut Browser<'_>, note: &str) -> Answer {
    let key = Browser::hidden(&auditor.get("/words"), "form_key");
    auditor.post("/ledger/checkpoints", &[("form_key", &key), ("once", "ONCE"), ("note", note)])
}

#[test]
fn a_checkpoint_that_was_kept_is_consistent_and_another_says_what_it_is() {
    let (_data, server) = demo();
    let (_other_data, other) = demo();
    let note = |server: &Server| server.send("GET", "/v1/ledger/checkpoint", &[("accept", "text/plain")], None).text;
    let (kept, foreign) = (note(&server), note(&other));
    ask(&server);
    let before = server.get("/v1/changes?limit=1000").json()["next"].clone();
    let mut auditor = signed_in(&server, "auditor", "en");
    let good = compared(&mut auditor, &kept);
    assert_eq!(good.status, 200, "{}", good.text);
    assert!(good.text.contains("<h2>Consistent</h2>") && good.text.contains("It has only grown."), "{}", good.text);
    let pasted = format!("  {}\r\n", kept.trim().replace('\n', "\r\n"));
    assert!(compared(&mut auditor, &pasted).text.contains("<h2>Consistent</h2>"));
    let lines: Vec<&str> = kept.lines().collect();
    let damaged = kept.replacen(&format!("\n{}\n", lines[1]), "\n7\n", 1);
    for (note, says) in [(&foreign, "It is of another ledger"), (&damaged, "This ledger’s key did not sign it")] {
        let shown = compared(&mut auditor, note);
        assert_eq!(shown.status, 200, "{}", shown.text);
        assert!(shown.text.contains(says) && !shown.text.contains("<h2>Consistent</h2>"), "{}", shown.text);
    }
    for nothing in ["", "nothing", &kept[..30]] {
        let shown = compared(&mut auditor, nothing);
        assert_eq!(shown.status, 422, "{}", shown.text);
        assert!(shown.text.contains("<title>Error: ") && shown.text.contains("href=\"#note\""), "{}", shown.text);
    }
    let key = auditor.get("/ledger/checkpoints/key");
    assert!(auditor.get("/ledger/checkpoints").text.contains(key.text.trim()));
    assert_eq!(server.get("/v1/changes?limit=1000").json()["next"], before, "looking changes nothing");
}

#[test]
fn the_review_as_of_before_an_acceptance_lacks_its_rows_and_page_csv_and_json_agree() {
    let (_data, server) = demo();
    let mut auditor = signed_in(&server, "auditor", "en");
    // Fabrikam was accepted at revision 19.
    let accepted = server.get("/v1/changes?event=reseller-relationship-accepted-by-customer&partner=fabrikam").json();
    let accepted = accepted["changes"][0]["revision"].as_u64().unwrap();
    let mut counts = Vec::new();
    for query in [
        format!("customer=adatum&as_of={}", accepted - 1),
        format!("customer=adatum&as_of={accepted}"),
        "customer=adatum".to_owned(),
        "partner=contoso".to_owned(),
        "partner=contoso&as_of=12&rules=current".to_owned(),
    ] {
        let json = server.get(&format!("/v1/access-review?{query}&limit=1000")).json();
        let rows = json["access"].as_array().unwrap();
        let page = auditor.get(&format!("/access-review?{query}"));
        assert_eq!(page.status, 200, "{query}");
        assert!(page.text.contains(&format!("End of the review: {} rows.", rows.len())), "{query}: {}", page.text);
        let shown: Vec<&str> = page.text.split_once("<tbody").unwrap().1.split("<tr").skip(1).collect();
        let sheet = auditor.get(&format!("/access-review?{query}&format=csv"));
        assert_eq!(sheet.text, server.get(&format!("/v1/access-review?{query}&format=csv")).text, "{query}");
        let cells: Vec<&str> = sheet.text.lines().skip(1).collect();
        assert_eq!((shown.len(), cells.len()), (rows.len(), rows.len()), "{query}");
        for ((row, cells), json) in shown.iter().zip(&cells).zip(rows) {
            let rule = json["rules"][0].as_str().unwrap();
            assert!(row.contains(rule) && cells.contains(rule), "{query}: {row}");
            let resource = json["resource"]["id"].as_str().unwrap();
            assert!(cells.contains(resource), "{query}: {cells}");
            assert!(json["resource"]["type"] == "Service" || row.contains(resource), "{query}: {row}");
        }
        counts.push(page.text.matches("Fabrikam").count());
    }
    assert!(counts[0] == 0 && counts[1] > 0 && counts[2] > 0, "{counts:?}");
    // What does not fit on one page is counted whole at its end.
    let mut adatum = signed_in(&server, "adatum", "en");
    let first = adatum.get(&format!("/customers/adatum/access?as_of={accepted}"));
    assert!(!first.text.contains("End of the review"), "{}", first.text);
    let last = adatum.get(&next_of(&first).unwrap());
    let all = server.get(&format!("/v1/access-review?customer=adatum&as_of={accepted}&limit=1000")).json();
    let count = all["access"].as_array().unwrap().len();
    assert!(count > 50 && last.text.contains(&format!("End of the review: {count} rows.")), "{}", last.text);
}

#[test]
fn a_review_whose_first_page_finds_no_row_goes_on_and_says_of_nobody_that_they_may_do_nothing() {
    let (_data, server) = demo();
    let import = |partner: &str, service: &str, count: usize| {
        let line = |number: usize| {
            let (id, customer) = (format!("{service}-{number:06}"), "wingtip");
            json!({"noun": "subscription", "id": id, "customer": customer, "service": service, "quantity": 1,
                "status": "active", "originalReseller": partner})
            .to_string()
        };
        let lines: Vec<String> = (0..count).map(line).collect();
        let headers = [("content-type", "application/x-ndjson")];
        let answer = server.send("POST", "/v1/import", &headers, Some(lines.join("\n").as_bytes()));
        assert!(answer.status < 300, "{}", answer.text);
    };
    // More than one page looks at, of a partner that may do nothing any more.
    import("stranger", "azure", 2_500);
    for by in ["customer", "partner"] {
        let agreed =
            server.post("/v1/customers/wingtip/partners/stranger/renegotiation", &json!({"by": by, "outcome": "end"}));
        assert!(agreed.status < 300, "{}", agreed.text);
    }
    import("contoso", "zservice", 3);
    let mut auditor = signed_in(&server, "auditor", "en");
    let mut page = auditor.get("/access-review?customer=wingtip");
    assert!(!page.text.contains("Nobody may do anything here."), "{}", page.text);
    assert!(page.text.contains("None among those looked at so far") && page.text.contains("format=csv"));
    while let Some(next) = next_of(&page) {
        page = auditor.get(&next);
    }
    let sheet = auditor.get("/access-review?customer=wingtip&format=csv");
    let rows = sheet.text.lines().count() - 1;
    assert!(rows > 0 && page.text.contains(&format!("End of the review: {rows} rows.")), "{}", page.text);
}

#[test]
fn the_journal_is_found_by_customer_partner_event_and_time_newest_first() {
    let (_data, server) = demo();
    let mut auditor = signed_in(&server, "auditor", "en");
    for query in [
        "",
        "customer=adatum",
        "partner=contoso",
        "event=dap-admin-relationship-approved",
        "customer=adatum&partner=fabrikam",
        "from=2026-01-01",
        "to=2026-01-01",
    ] {
        let json = server.get(&format!("/v1/changes?{query}&limit=1000")).json();
        let mut wanted: Vec<u64> =
            json["changes"].as_array().unwrap().iter().map(|one| one["revision"].as_u64().unwrap()).collect();
        wanted.reverse();
        let page = auditor.get(&format!("/changes?{query}"));
        assert_eq!(page.status, 200, "{query}");
        let body = page.text.split_once("<tbody").map_or("", |(_, body)| body);
        let shown: Vec<u64> = body
            .split("href=\"/changes/")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(shown, wanted, "{query}");
    }
}

#[test]
fn a_store_that_was_changed_is_named_by_its_first_wrong_record() {
    let (data, server) = demo();
    ask(&server);
    assert!(server.terminate().success());
    ledger_rows::tamper(data.path(), Leaves::Before, |rows| {
        for seq in [12, 20] {
            let mut record: Value = serde_json::from_slice(&rows[&seq]).unwrap();
            record["decision"] = false.into();
            rows.insert(seq, serde_json::to_vec(&record).unwrap());
        }
    });
    let server = Server::start(data.path(), &["--demo"]);
    let mut auditor = signed_in(&server, "auditor", "en");
    let walked = auditor.get("/ledger/verification?now=yes");
    assert_eq!(walked.status, 200, "{}", walked.text);
    assert!(walked.text.contains("Record 12 is the first that is not as it was written"), "{}", walked.text);
    assert!(walked.text.contains("it was changed") && walked.text.contains("href=\"/ledger/20\""), "{}", walked.text);
    let record = auditor.get("/ledger/12");
    assert_eq!(record.status, 500);
    assert!(record.text.contains("It is not as it was written."), "{}", record.text);
    assert_eq!(auditor.get("/ledger/11").status, 200);
    let again = auditor.get("/ledger/replay?rules=then&to=31");
    assert!(again.text.contains("Something comes out otherwise"), "{}", again.text);
    assert!(again.text.contains("href=\"/ledger/12/replay?rules=then\""), "{}", again.text);
}

#[test]
fn a_world_of_its_own_has_the_pages_of_the_ledger_and_no_others() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--anonymous", "--world", WORLD]);
    let asked = json!({
        "subject": { "type": "user", "id": "alice" }, "action": { "name": "view" },
        "resource": { "type": "record", "id": "1" },
    });
    assert_eq!(server.post("/access/v1/evaluation", &asked).json()["decision"], true);
    let mut browser = Browser::of(&server);
    assert!(browser.get("/").text.contains("href=\"/ledger\""));
    let found = browser.get("/ledger?asked=evaluation");
    assert!(found.text.contains("May") && found.text.contains("user::alice"), "{}", found.text);
    let seq = numbers(&found)[0];
    let record = browser.get(&format!("/ledger/{seq}"));
    assert!(record.text.contains("Decided again, the answer is the same"), "{}", record.text);
    let walked = browser.get("/ledger/verification?now=yes");
    assert!(walked.text.contains("Everything is as it was written"), "{}", walked.text);
    assert_eq!(browser.get("/ledger/checkpoints").status, 200);
    for other in ["/changes", "/access-review", "/customers/adatum/partners"] {
        assert_eq!(browser.get(other).status, 404, "{other}");
    }
    drop(server);
    let created =
        standing(&["token", "create", "--json", "--role", "auditor", "--data", data.path().to_str().unwrap()]);
    let token: Value = serde_json::from_slice(&created.stdout).unwrap();
    let server = Server::start(data.path(), &["--world", WORLD]);
    let mut browser = Browser::of(&server);
    assert_eq!(browser.get("/ledger").status, 303);
    browser.post("/sign-in/token", &[("token", token["token"].as_str().unwrap())]);
    let page = browser.get("/ledger");
    assert_eq!(page.status, 200, "{}", page.text);
    let nav = page.text.split_once("<nav").unwrap().1.split_once("</nav>").unwrap().0;
    assert!(nav.contains("/ledger") && !nav.contains("/changes"), "{nav}");
}
