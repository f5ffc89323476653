//! What a visit of a page costs, and what is known of it: quotas as everywhere, a bound for whoever has not signed in, and
//! the last use of a token.

use redb::ReadableTable as _;
use serde_json::Value;

use crate::people::Browser;
use crate::server::{Server, standing};

/// A server that asks who calls, with what an operator told it, and a partner's link.
struct Office {
    server: Server,
    data: tempfile::TempDir,
    operator: String,
}

fn token(data: &std::path::Path, arguments: &[&str]) -> Value {
    let output = standing(&[&["token", "create", "--json", "--data", data.to_str().unwrap()], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

impl Office {
    fn open(environment: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::try_start_in(data.path(), &[], environment).map_err(|output| output.stderr).unwrap();
        let operator = token(data.path(), &["--role", "operator"])["token"].as_str().unwrap().to_owned();
        let office = Self { server, data, operator };
        let partner = r#"{"name": "Contoso", "kind": "directBill", "status": "active"}"#;
        assert!(office.call("PUT", "/v1/partners/contoso", Some(partner)).status < 300);
        assert!(office.call("PUT", "/v1/customers/adatum", Some(r#"{"name": "Adatum"}"#)).status < 300);
        office
    }

    fn call(&self, method: &str, path: &str, body: Option<&str>) -> crate::server::Answer {
        let bearer = format!("Bearer {}", self.operator);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.server.send(method, path, &headers, body.map(str::as_bytes))
    }

    fn link(&self) -> String {
        let request = self.call("GET", "/v1/partners/contoso/relationship-request", None).json();
        format!("/relationship-requests/{}", request["token"].as_str().unwrap())
    }

    fn records(&self, action: &str) -> usize {
        let listed = self.call("GET", &format!("/v1/decisions?action={action}&limit=100"), None).json();
        listed["decisions"].as_array().unwrap().len()
    }

    /// A browser in which an administrator of the customer is signed in, and its token's id.
    fn customer(&self) -> (Browser<'_>, String) {
        let issued = token(self.data.path(), &["--role", "customer", "--for", "adatum"]);
        let mut browser = Browser::of(&self.server);
        let signed_in = browser.post("/sign-in/token", &[("token", issued["token"].as_str().unwrap())]);
        assert_eq!(signed_in.status, 303, "{}", signed_in.text);
        (browser, issued["id"].as_str().unwrap().to_owned())
    }
}

#[test]
fn a_link_is_shown_to_an_address_that_has_not_signed_in_so_many_times_a_minute_and_no_more() {
    let office = Office::open(&[]);
    let link = office.link();
    let mut visitor = Browser::of(&office.server);
    let seen: Vec<u16> = (0..30).map(|_| visitor.get(&link).status).collect();
    assert_eq!((seen[0], seen[19]), (200, 200));
    // A slow machine may let one more in every three seconds.
    let late = visitor.get(&link);
    assert!(seen.contains(&429), "{seen:?}");
    assert!(late.status == 200 || late.header("retry-after").is_some_and(|wait| wait.parse::<u64>().unwrap() >= 1));
    let shown = seen.iter().filter(|status| **status == 200).count() + usize::from(late.status == 200);
    assert_eq!(office.records("Api::readRelationshipRequest"), shown, "what is not shown leaves no record");
    let (mut customer, _) = office.customer();
    assert!((0..25).all(|_| customer.get(&link).status == 200), "whoever signed in is held to no such bound");
}

#[test]
fn pages_are_held_to_the_quotas_of_whoever_looks_at_them() {
    let office = Office::open(&[("STANDING_LIMITS_RECORDED_BYTES_PER_SECOND", "2000")]);
    let (mut customer, _) = office.customer();
    let pages: Vec<_> = (0..20).map(|_| customer.get("/customers/adatum/partners")).collect();
    let refused = pages.iter().find(|page| page.status == 429).unwrap_or_else(|| panic!("{}", pages.len()));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert!(pages.iter().all(|page| [200, 429].contains(&page.status)));
}

#[test]
fn a_token_that_somebody_is_signed_in_by_was_used() {
    let office = Office::open(&[]);
    let (mut customer, id) = office.customer();
    assert_eq!(customer.get("/customers/adatum/partners").status, 200);
    let listed = office.call("GET", "/v1/tokens", None).json();
    let token = listed["tokens"].as_array().unwrap().iter().find(|token| token["id"] == id.as_str()).unwrap().clone();
    assert!(token["lastUsed"].is_string(), "{token}");
}

#[test]
fn whoever_runs_the_service_lists_the_sessions_of_people_and_ends_them_with_the_server_or_without() {
    let office = Office::open(&[]);
    let sessions = |arguments: &[&str]| {
        let output = standing(&[&["session"], arguments, &["--data", office.data.path().to_str().unwrap()]].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), output.stderr)
    };
    assert_eq!(sessions(&["list"]).1, "");
    let (mut one, token) = office.customer();
    let (mut two, other) = office.customer();
    let (mut three, last) = office.customer();
    let is_in = |browser: &mut Browser<'_>| browser.get("/customers/adatum/partners").status == 200;
    let id_of = |token: &str| -> String {
        let list: Value = serde_json::from_str(&sessions(&["list", "--json"]).1).unwrap();
        let of = list["sessions"].as_array().unwrap().iter().find(|session| session["token"] == token).cloned();
        of.map(|session| session["id"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    let line = sessions(&["list"]).1.lines().find(|line| line.contains(&token)).unwrap().to_owned();
    assert!(line.contains("customer:adatum  Adatum  begun") && line.contains("of standing"), "{line}");
    let (code, said, _) = sessions(&["end", &id_of(&token)]);
    assert!(code == Some(0) && said.contains("ended"), "{said}");
    assert_eq!((is_in(&mut one), is_in(&mut two), is_in(&mut three)), (false, true, true));
    // Ended again it stays so; what is none is said to be none.
    let ended = said.split(' ').next().unwrap().to_owned();
    assert_eq!(sessions(&["end", &ended]).1, said);
    let (code, _, why) = sessions(&["end", "0123456789abcdef"]);
    assert!(code == Some(1) && String::from_utf8_lossy(&why).contains("there is no session"), "{why:?}");
    // Everything of one person.
    let (code, said, why) = sessions(&["end", "--person", "standing", &other]);
    assert_eq!((code, said.lines().count()), (Some(0), 1), "{}", String::from_utf8_lossy(&why));
    assert_eq!((is_in(&mut two), is_in(&mut three)), (false, true));
    let export = office.call("GET", "/v1/ledger/export?mask=person", None).text;
    let ends: Vec<&str> = export.lines().filter(|line| line.contains("endSession")).collect();
    assert!(!ends.is_empty() && ends.iter().all(|line| !line.contains(&other)), "whose they were is masked: {ends:#?}");
    assert_eq!(sessions(&["end", "--person", "standing", "nobody"]).1, "");
    assert!(sessions(&["end"]).0 != Some(0), "neither a session nor a person");
    assert_eq!(office.records("Api::endSession"), 5);
    let kept = id_of(&last);
    // Without the server it is the same.
    let Office { server, data, .. } = office;
    assert!(server.terminate().success());
    let at = data.path().to_str().unwrap();
    let run = |arguments: &[&str]| {
        String::from_utf8(standing(&[&["session"], arguments, &["--data", at]].concat()).stdout).unwrap()
    };
    assert!(run(&["list"]).starts_with(&kept));
    // One that was altered on disk is not said to be ended: put back it is there, and is ended then.
    let row = in_place_of(data.path(), &kept, b"what it was not");
    assert_eq!(run(&["end", "--person", "standing", &last]), "");
    in_place_of(data.path(), &kept, &row);
    assert!(run(&["list"]).starts_with(&kept));
    assert!(run(&["end", "--person", "standing", &last]).contains(&kept));
    assert!(run(&["end", &kept]).contains("ended"));
    assert_eq!(run(&["list"]), "");
}

#[test]
fn sessions_are_ended_for_a_person_who_is_named_and_for_nobody_else() {
    let office = Office::open(&[]);
    let (mut customer, token) = office.customer();
    for query in ["", "?issuer=standing", &format!("?subject={token}")] {
        let answer = office.call("DELETE", &format!("/v1/sessions{query}"), None);
        assert_eq!((answer.status, answer.code().as_str()), (400, "missing_parameter"), "{query}: {}", answer.text);
        assert!(answer.text.contains("`issuer` and `subject`"), "{}", answer.text);
    }
    assert_eq!(customer.get("/customers/adatum/partners").status, 200);
    assert_eq!(office.records("Api::endSession"), 0);
}

#[test]
fn one_session_that_was_altered_on_disk_hides_no_other() {
    let office = Office::open(&[]);
    let ids = [office.customer().1, office.customer().1].map(|token| {
        let listed = office.call("GET", "/v1/sessions", None).json();
        let of = listed["sessions"].as_array().unwrap().iter().find(|session| session["token"] == token.as_str());
        of.unwrap()["id"].as_str().unwrap().to_owned()
    });
    let Office { server, data, .. } = office;
    assert!(server.terminate().success());
    in_place_of(data.path(), &ids[0], b"what it was not");
    let list = |more: &[&str]| {
        let output = standing(&[&["session", "list", "--data", data.path().to_str().unwrap()], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let lines = list(&[]);
    assert!(lines.starts_with(&ids[1]) && lines.contains(&format!("{}  was altered on disk", ids[0])), "{lines}");
    let listed: Value = serde_json::from_str(&list(&["--json"])).unwrap();
    assert_eq!(listed["altered"], serde_json::json!([ids[0]]));
    assert_eq!((listed["complete"].as_bool(), listed["sessions"].as_array().unwrap().len()), (Some(false), 1));
}

#[test]
fn a_list_of_somebodys_sessions_that_was_altered_on_disk_keeps_none_from_being_ended() {
    let office = Office::open(&[]);
    let (_, token) = office.customer();
    let listed = office.call("GET", "/v1/sessions", None).json();
    let of = listed["sessions"].as_array().unwrap().iter().find(|session| session["token"] == token.as_str());
    let id = of.unwrap()["id"].as_str().unwrap().to_owned();
    let Office { server, data, .. } = office;
    assert!(server.terminate().success());
    let database = redb::Database::open(data.path().join("standing.redb")).unwrap();
    let write = database.begin_write().unwrap();
    {
        let mut table = write.open_table(redb::TableDefinition::<&[u8], &[u8]>::new("side")).unwrap();
        let lists = table.range(b"uo".as_slice()..b"up".as_slice()).unwrap();
        let lists: Vec<Vec<u8>> = lists.map(|row| row.unwrap().0.value().to_vec()).collect();
        assert!(!lists.is_empty());
        lists.iter().for_each(|key| drop(table.insert(key.as_slice(), b"what it was not".as_slice()).unwrap()));
    }
    write.commit().unwrap();
    drop(database);
    let run = |arguments: &[&str]| {
        let at = data.path().to_str().unwrap();
        String::from_utf8(standing(&[&["session"], arguments, &["--data", at]].concat()).stdout).unwrap()
    };
    assert!(run(&["list"]).starts_with(&id));
    assert!(run(&["end", &id]).contains("ended"));
    assert_eq!(run(&["list"]), "");
}

/// Edits the row of a session on disk; what it was.
fn in_place_of(data: &std::path::Path, session: &str, bytes: &[u8]) -> Vec<u8> {
    let database = redb::Database::open(data.join("standing.redb")).unwrap();
    let write = database.begin_write().unwrap();
    let before = {
        let mut table = write.open_table(redb::TableDefinition::<&[u8], &[u8]>::new("side")).unwrap();
        let key = [b"us", session.as_bytes()].concat();
        table.insert(key.as_slice(), bytes).unwrap().map(|row| row.value().to_vec()).unwrap()
    };
    write.commit().unwrap();
    before
}
