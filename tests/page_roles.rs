//! Who may see which page: every role on every page, beside the table of the routes; and what a page does not know.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::json;
use standing::pages::PAGES;

use crate::people::{Browser, with_token};
use crate::permissions::{ROLES, Town};

/// The page at a path whose parts name what is there.
fn ready(town: &Town, path: &str) -> String {
    let digest = town.by("operator", "GET", "/v1/rules", None).json()["digest"].as_str().unwrap().to_owned();
    let parts = [
        ("{token}", town.link("contoso")),
        ("{customer}", "adatum".to_owned()),
        ("{partner}", "contoso".to_owned()),
        ("{subscription}", "s-adatum".to_owned()),
        ("{action}", "transition".to_owned()),
        ("{*file}", "policies/may/receive-bill.cedar".to_owned()),
        ("{digest}", digest),
        ("{seq}", "1".to_owned()),
        ("{revision}", "1".to_owned()),
        ("{size}", "1".to_owned()),
    ];
    parts.iter().fold(town.ready(path), |path, (part, with)| path.replace(part, with))
}

/// A query without which a page shows nothing.
fn query(town: &Town, path: &str) -> String {
    match path {
        "/rules/rollback" => {
            let digest = town.by("operator", "GET", "/v1/rules", None).json()["digest"].as_str().unwrap().to_owned();
            format!("?to={digest}")
        }
        _ if path.ends_with("/renegotiation") => "?outcome=end".to_owned(),
        _ => String::new(),
    }
}

#[test]
fn every_role_on_every_page_is_as_reviewed() {
    let town = Town::new();
    // What two pages are about is there before they are looked at.
    town.by("auditor", "GET", "/v1/ledger/checkpoint", None);
    town.by("operator", "PUT", "/v1/rules/drafts/a-draft", Some(&json!({})));
    let mut browsers: Vec<(&str, Browser<'_>)> =
        ROLES.iter().map(|(who, _)| (*who, with_token(&town.server, &town.tokens[who]))).collect();
    browsers.push(("nobody", Browser::of(&town.server)));
    let mut table = String::new();
    for page in PAGES.iter().filter(|page| page.method == Method::GET) {
        let path = format!("{}{}", ready(&town, page.path), query(&town, page.path));
        let mut who_by_outcome: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (who, browser) in &mut browsers {
            let answer = browser.get(&path);
            let outcome = match (answer.status, answer.header("location")) {
                (200, _) => "200".to_owned(),
                (303, Some(to)) => format!("303 {}", to.split('?').next().unwrap()),
                (status @ (403 | 404), _) => status.to_string(),
                _ => panic!("{who} at {path}: {answer:?}"),
            };
            who_by_outcome.entry(outcome).or_default().push(who);
        }
        table.push_str(&format!("{}\n", page.path));
        for (outcome, who) in who_by_outcome {
            table.push_str(&format!("    {outcome:<20} {}\n", who.join(", ")));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_page_takes_no_parameter_that_it_does_not_know_and_none_twice() {
    let town = Town::new();
    let mut operator = with_token(&town.server, &town.tokens["operator"]);
    for page in PAGES.iter().filter(|page| page.method == Method::GET) {
        let path = ready(&town, page.path);
        let mistyped = operator.get(&format!("{path}?as_off=3"));
        // Tools that send mail write into links, and a provider says more than is asked.
        assert_eq!(mistyped.status == 400, !page.takes_any, "{path}: {}", mistyped.text);
        assert!(page.takes_any || mistyped.text.contains("as_off"), "{path}: it says which: {}", mistyped.text);
        for name in page.query {
            let twice = operator.get(&format!("{path}?{name}=csv&{name}=csv"));
            assert_eq!((twice.status, twice.text.contains(name)), (400, true), "{path}: {}", twice.text);
        }
    }
    let other = operator.get("/partners/contoso/customers?format=xml");
    assert_eq!((other.status, other.text.contains("format")), (400, true), "{}", other.text);
}
