//! A customer's pages: what they say, who sees them, and what their forms do when they are sent twice, late or by
//! somebody else.

use serde_json::Value;
use standing::pages::words::{Language, Words};

use crate::people::{Browser, demo, main_of, said_by, signed_in, with_token};
use crate::server::{Answer, Server, standing};

/// Every page of a customer that can be fetched.
const PAGES: [&str; 12] = [
    "/relationship-requests/{northwind}",
    "/customers/adatum/partners",
    "/customers/adatum/partners?as_of=12",
    "/customers/adatum/partners/contoso",
    "/customers/adatum/partners/fabrikam/removal?service=office365",
    "/customers/adatum/partners/contoso/removal",
    "/customers/adatum/removal",
    "/customers/adatum/partners/contoso/renegotiation?outcome=end",
    "/customers/adatum/partners/contoso/renegotiation?outcome=reinstate",
    "/customers/adatum/subscriptions",
    "/customers/adatum/changes",
    "/customers/adatum/access",
];

fn token(server: &Server, partner: &str) -> String {
    let request = server.get(&format!("/v1/partners/{partner}/relationship-request")).json();
    request["token"].as_str().unwrap().to_owned()
}

fn path(server: &Server, page: &str) -> String {
    page.replace("{northwind}", &token(server, "northwind"))
}

fn revision(server: &Server) -> Value {
    server.get("/v1/changes?limit=1000").json()["next"].clone()
}

fn said(server: &Server, page: &Answer) -> String {
    said_by(&page.text.replace(&token(server, "northwind"), "TOKEN"))
}

#[test]
fn every_page_of_a_customer_reads_as_reviewed_in_both_languages() {
    let (_data, server) = demo();
    for language in ["en", "zh-Hans"] {
        let mut visitor = Browser::of(&server);
        visitor.language = language;
        let link = visitor.get(&path(&server, PAGES[0]));
        insta::assert_snapshot!(format!("page {language} a link to somebody not signed in"), said(&server, &link));
        let mut adatum = Browser::of(&server);
        adatum.language = language;
        adatum.sign_in_as("adatum");
        for page in PAGES {
            let shown = adatum.get(&path(&server, page));
            assert_eq!(shown.status, 200, "{page}: {}", shown.text);
            let name = page.replace(['/', '{', '}', '?', '=', '&'], " ");
            insta::assert_snapshot!(format!("page {language}{name}"), said(&server, &shown));
            assert!(!shown.text.contains(" style=") && !shown.text.contains("<script>"), "{page}");
        }
    }
}

#[test]
fn nobody_but_the_customer_and_an_operator_sees_its_pages_and_they_are_as_if_there_were_none() {
    let (_data, server) = demo();
    let mut nowhere = Browser::of(&server);
    nowhere.sign_in_as("wingtip");
    let main = |page: &Answer| page.text.split_once("<main").unwrap().1.split_once("</main>").unwrap().0.to_owned();
    let none = nowhere.get("/customers/nobody/partners");
    assert_eq!(none.status, 404);
    for (who, status) in [("adatum", 200), ("operator", 200), ("wingtip", 404), ("contoso", 404), ("ada", 404)] {
        let mut browser = Browser::of(&server);
        browser.sign_in_as(who);
        for page in PAGES.into_iter().filter(|page| page.starts_with("/customers/adatum/partners")) {
            let shown = browser.get(page);
            assert_eq!(shown.status, status, "{who} {page}");
            if status == 404 {
                assert_eq!(main(&shown), main(&none), "{who} {page}");
            }
        }
    }
    let mut visitor = Browser::of(&server);
    for page in PAGES.into_iter().filter(|page| page.starts_with("/customers")) {
        let sent = visitor.get(page);
        assert_eq!(sent.status, 303, "{page}");
        assert!(sent.header("location").unwrap().starts_with("/sign-in?next=%2Fcustomers%2Fadatum"), "{page}");
    }
}

/// The check page of accepting northwind for a service.
fn checked(browser: &mut Browser<'_>, link: &str, service: &str) -> Answer {
    let page = browser.get(link);
    let key = Browser::hidden(&page, "form_key");
    browser.post(&format!("{link}/check"), &[("form_key", &key), ("once", "ONCE"), ("service", service)])
}

fn accept(browser: &mut Browser<'_>, link: &str, check: &Answer, service: &str) -> Answer {
    let [key, once, shown] = ["form_key", "once", "shown"].map(|name| Browser::hidden(check, name));
    let shown = shown.replace("&quot;", "\"");
    let fields = [("form_key", &*key), ("once", &*once), ("shown", &*shown), ("service", service)];
    browser.post(&format!("{link}/acceptance"), &fields)
}

#[test]
fn an_acceptance_is_made_once_however_often_it_is_sent_and_says_what_it_ended() {
    let (_data, server) = demo();
    let link = path(&server, PAGES[0]);
    let mut adatum = Browser::of(&server);
    adatum.sign_in_as("adatum");
    let before = revision(&server);
    let check = checked(&mut adatum, &link, "office365");
    assert_eq!((check.status, revision(&server)), (200, before.clone()), "{}", check.text);
    for names in ["Northwind Distribution", "Fabrikam Services", "Office 365"] {
        assert!(check.text.contains(names), "{names}");
    }
    let accepted = accept(&mut adatum, &link, &check, "office365");
    assert_eq!((accepted.status, accepted.header("location")), (303, Some("/customers/adatum/partners/northwind")));
    let after = revision(&server);
    assert_ne!(before, after);
    let done = adatum.get("/customers/adatum/partners/northwind");
    assert!(done.text.contains("in place of <bdi>"), "{}", done.text);
    assert!(!adatum.get("/customers/adatum/partners/northwind").text.contains("in place of <bdi>"), "said once");
    let again = accept(&mut adatum, &link, &check, "office365");
    assert_eq!((again.status, revision(&server)), (303, after));
    let told = adatum.get("/customers/adatum/partners/northwind");
    assert!(told.text.contains("This was done already, on "), "{}", told.text);
    assert!(!told.text.contains("now administers") && !told.text.contains("in place of"), "{}", told.text);
    let partners = server.get("/v1/customers/adatum/partners").json();
    let northwind = partners["partners"].as_array().unwrap().iter().find(|one| one["partner"] == "northwind").unwrap();
    assert!(
        northwind["services"]
            .as_array()
            .unwrap()
            .iter()
            .any(|held| { held["service"] == "office365" && held["delegatedAdministrator"] == true })
    );
}

#[test]
fn what_is_not_as_it_was_shown_is_not_done_and_is_shown_again() {
    let (_data, server) = demo();
    let link = path(&server, PAGES[0]);
    let (mut first, mut second) = (Browser::of(&server), Browser::of(&server));
    for browser in [&mut first, &mut second] {
        browser.sign_in_as("adatum");
    }
    let checks = [checked(&mut first, &link, "azure"), checked(&mut second, &link, "azure")];
    assert_eq!(accept(&mut first, &link, &checks[0], "azure").status, 303);
    let before = revision(&server);
    let stale = accept(&mut second, &link, &checks[1], "azure");
    assert_eq!(stale.status, 409, "{}", stale.text);
    assert!(stale.text.contains("Something changed since you looked"));
    assert_eq!(revision(&server), before);
    // The same for a removal: another window was quicker.
    let question = "/customers/adatum/partners/northwind/removal";
    let shown = [first.get(question), second.get(question)];
    let send = |browser: &mut Browser<'_>, page: &Answer| {
        let [key, once, shown] = ["form_key", "once", "shown"].map(|name| Browser::hidden(page, name));
        let shown = shown.replace("&quot;", "\"");
        browser.post(question, &[("form_key", &key), ("once", &once), ("shown", &shown)])
    };
    assert_eq!(send(&mut first, &shown[0]).status, 303);
    let before = revision(&server);
    assert_eq!((send(&mut second, &shown[1]).status, revision(&server)), (409, before));
}

/// Brings lines in, as an operator.
fn import(server: &Server, lines: &[Value]) {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let sent = server.send("POST", "/v1/import", &[("content-type", "application/x-ndjson")], Some(lines.as_bytes()));
    assert_eq!(sent.status, 200, "{}", sent.text);
}

/// That a partner administers a service of a customer.
fn grant(customer: &str, service: &str, partner: &str) -> Value {
    serde_json::json!({ "noun": "grant", "customer": customer, "service": service, "partner": partner,
        "delegatedAdministrator": true, "since": "2025-06-01T00:00:00Z" })
}

/// A subscription that a customer bought of a partner, or of nobody.
fn subscription(id: &str, customer: &str, service: &str, seller: Option<&str>) -> Value {
    let mut line = serde_json::json!({ "noun": "subscription", "id": id, "customer": customer, "service": service,
        "quantity": 1, "status": "active" });
    if let Some(seller) = seller {
        line["originalReseller"] = seller.into();
    }
    line
}

#[test]
fn where_more_would_turn_than_can_be_compared_whoever_loses_is_named_and_it_can_be_done() {
    let (_data, server) = demo();
    // Each of them has to do with each subscription, which is more pairs than are compared.
    let advisor = |number: usize| {
        serde_json::json!({ "noun": "partner", "id": format!("advisor-{number}"), "name": "Adviser", "kind": "advisor",
            "status": "active" })
    };
    let mut lines: Vec<Value> = (0..110).map(advisor).collect();
    lines.extend((0..500).map(|number| subscription(&format!("t-{number}"), "wingtip", "teamwork", None)));
    lines.extend((0..110).map(|number| grant("wingtip", "teamwork", &format!("advisor-{number}"))));
    lines.push(grant("wingtip", "teamwork", "contoso"));
    import(&server, &lines);
    const { assert!(111 * 500 > standing::limits::WHAT_IF_PAIRS_MAX) }
    let link = format!("/relationship-requests/{}", token(&server, "fabrikam"));
    let mut wingtip = Browser::of(&server);
    wingtip.sign_in_as("wingtip");
    let check = checked(&mut wingtip, &link, "teamwork");
    assert_eq!(check.status, 200, "{}", check.text);
    let main = crate::people::main_of(&check);
    assert!(main.contains("more than can be compared"), "{main}");
    assert!(main.contains("<bdi>Contoso Cloud</bdi> loses "), "{main}");
    let accepted = accept(&mut wingtip, &link, &check, "teamwork");
    assert_eq!(accepted.status, 303, "{}", accepted.text);
    // A removal is the same.
    let question = "/customers/wingtip/partners/fabrikam/removal?service=teamwork";
    let asked = wingtip.get(question);
    assert!(asked.text.contains("more than can be compared"), "{}", asked.text);
    let [key, once, shown] = ["form_key", "once", "shown"].map(|name| Browser::hidden(&asked, name));
    let shown = shown.replace("&quot;", "\"");
    assert_eq!(shown, r#"{"removed":[{"service":"teamwork","partner":"fabrikam"}]}"#);
    let fields = [("form_key", &*key), ("once", &*once), ("shown", &*shown), ("service", "teamwork")];
    assert_eq!(wingtip.post(question.split('?').next().unwrap(), &fields).status, 303);
}

#[test]
fn a_mistake_keeps_what_was_typed_and_leads_to_its_field() {
    let (_data, server) = demo();
    let link = path(&server, PAGES[0]);
    let mut adatum = Browser::of(&server);
    adatum.sign_in_as("adatum");
    let key = Browser::hidden(&adatum.get(&link), "form_key");
    for (fields, field, kept) in [
        (vec![], "#service-azure", ""),
        (vec![("service", "azure"), ("until", "2001-01-01")], "#until", "value=\"2001-01-01\""),
        (vec![("service", "azure"), ("until", "soon")], "#until", "value=\"soon\""),
        (vec![("service", "azure"), ("other", "no name <b>")], "#other", "value=\"no name &lt;b&gt;\""),
    ] {
        let fields = [vec![("form_key", &*key), ("once", "ONCE")], fields].concat();
        let page = adatum.post(&format!("{link}/check"), &fields);
        assert_eq!(page.status, 422, "{}", page.text);
        assert!(page.text.contains("<title>Error: ") && page.text.contains("tabindex=\"-1\" autofocus"));
        assert!(page.text.contains(&format!("href=\"{field}\"")) && page.text.contains(kept), "{field}: {}", page.text);
        assert!(page.text.contains(&format!("id=\"{}\"", &field[1..])), "{field} is there");
    }
}

#[test]
fn a_customer_can_accept_for_itself_alone_and_no_other_by_any_form() {
    let (_data, server) = demo();
    let link = path(&server, PAGES[0]);
    let before = revision(&server);
    for who in ["contoso", "auditor", "ada"] {
        let mut browser = Browser::of(&server);
        browser.sign_in_as(who);
        let key = Browser::hidden(&browser.get("/words"), "form_key");
        let fields = [("form_key", &*key), ("once", "ONCE"), ("service", "azure"), ("shown", "{}")];
        for last in ["check", "acceptance"] {
            assert_eq!(browser.post(&format!("{link}/{last}"), &fields).status, 404, "{who}");
        }
        let fields = [("form_key", &*key), ("once", "ONCE"), ("shown", "{\"removed\":[]}")];
        assert_eq!(browser.post("/customers/adatum/removal", &fields).status, 404, "{who}");
    }
    assert_eq!(revision(&server), before);
}

#[test]
fn names_with_markup_and_formulas_are_text_and_no_cell_begins_as_a_formula() {
    let (_data, server) = demo();
    let name = "=1+1<b>x</b>\"><img src=x onerror=y>\u{202E}";
    let answer =
        server.put("/v1/partners/litware", &serde_json::json!({ "name": name, "kind": "advisor", "status": "active" }));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut adatum = Browser::of(&server);
    adatum.sign_in_as("adatum");
    for page in ["/customers/adatum/partners", "/customers/adatum/partners/litware", "/customers/adatum/access"] {
        let shown = adatum.get(page);
        assert!(!shown.text.contains("<b>x") && !shown.text.contains("<img"), "{page}");
    }
    let csv = adatum.get("/customers/adatum/partners?format=csv");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert!(csv.text.contains("'=1+1") && !csv.text.contains(",=1"), "{}", csv.text);
}

#[test]
fn a_token_without_a_person_is_called_by_its_name() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::try_start_in(data.path(), &[], &[]).map_err(|output| output.stderr).unwrap();
    let at = data.path().to_str().unwrap();
    let created = |more: &[&str]| -> Value {
        let output = standing(&[&["token", "create", "--json", "--data", at], more].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let operator = format!("Bearer {}", created(&["--role", "operator"])["token"].as_str().unwrap());
    let headers = [("authorization", operator.as_str()), ("content-type", "application/json")];
    let put = server.send("PUT", "/v1/customers/one", &headers, Some(br#"{"name": "Cust One"}"#));
    assert!(put.status < 300, "{}", put.text);
    let token = created(&["--role", "customer", "--for", "one", "--name", "Front desk"]);
    let mut browser = with_token(&server, token["token"].as_str().unwrap());
    let page = browser.get("/customers/one/partners");
    let header = page.text.split_once("<header").unwrap().1.split_once("</header>").unwrap().0;
    assert!(header.contains("Cust One") && header.contains("Front desk"), "{header}");
    assert!(!header.contains(token["id"].as_str().unwrap()), "{header}");
}

#[test]
fn what_cannot_be_shown_is_said_in_the_language_of_the_page() {
    let (_data, server) = demo();
    for (who, page) in [
        ("adatum", "/customers/adatum/partners"),
        ("adatum", "/customers/adatum/access"),
        ("contoso", "/partners/contoso/customers"),
        ("contoso", "/partners/contoso/access"),
    ] {
        let mut browser = signed_in(&server, who, "zh-Hans");
        for (as_of, code) in [("9999", "revision_not_reached"), ("2099-01-01", "not_yet")] {
            let shown = browser.get(&format!("{page}?as_of={as_of}"));
            let main = main_of(&shown);
            assert!(main.contains(code) && !main.contains("lang=\"en\""), "{page} {as_of}: {main}");
        }
    }
    let codes = ["invalid_change", "revision_moved", "already_registered", "idempotency_key_reused", "token_ended"];
    for code in codes.into_iter().chain(["session_ended", "no_history", "not_yet", "revision_not_reached"]) {
        for language in Language::ALL {
            assert!(Words(language).find(&format!("reason-{code}")).is_some(), "{} {code}", language.code());
        }
    }
}

#[test]
fn a_list_asked_to_go_on_from_nowhere_in_it_begins_from_its_beginning_and_says_so() {
    let (_data, server) = demo();
    for (who, pages) in [
        ("adatum", &["/customers/adatum/partners", "/customers/adatum/access", "/customers/adatum/changes"][..]),
        (
            "contoso",
            &["/partners/contoso/customers", "/partners/contoso/customers/adatum", "/partners/contoso/changes"],
        ),
        ("auditor", &["/access-review?customer=adatum", "/rules/history"]),
    ] {
        let mut browser = signed_in(&server, who, "en");
        for page in pages {
            let begins = browser.get(page);
            let mark = if page.contains('?') { '&' } else { '?' };
            let shown = browser.get(&format!("{page}{mark}cursor=made-up"));
            assert_eq!((begins.status, shown.status), (200, 200), "{page}: {}", shown.text);
            assert!(shown.text.contains("so it begins from the beginning"), "{page}: {}", shown.text);
            assert_eq!(shown.text.matches("<tr").count(), begins.text.matches("<tr").count(), "{page}");
        }
    }
}

#[test]
fn a_page_of_a_moment_in_the_past_leads_on_at_that_moment_and_a_day_is_one() {
    let (_data, server) = demo();
    let mut adatum = Browser::of(&server);
    adatum.sign_in_as("adatum");
    let today = standing::clock::Clock::now(&standing::clock::System).to_string()[..10].to_owned();
    for page in ["partners", "access"] {
        let path = format!("/customers/adatum/{page}");
        for as_of in ["20", &*today] {
            let shown = adatum.get(&format!("{path}?as_of={as_of}"));
            assert_eq!(shown.status, 200, "{page} {as_of}: {}", shown.text);
            assert!(shown.text.contains(&format!("href=\"{path}?as_of={as_of}&amp;format=csv\"")), "{}", shown.text);
        }
        assert_eq!(adatum.get(&format!("{path}?as_of=soon")).status, 400);
    }
    let first = adatum.get("/customers/adatum/access?as_of=26");
    let next = first.text.split("href=\"").find(|link| link.contains("cursor=")).unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&");
    let second = adatum.get(&next);
    assert!(next.contains("as_of=26&") && second.text.contains("href=\"/customers/adatum/access?as_of=26\""), "{next}");
    assert!(second.text.contains("To the beginning"));
}

#[test]
fn subscriptions_stand_on_pages_of_fifty_and_an_add_on_says_who_sold_what_it_adds_to_wherever_that_stands() {
    let (_data, server) = demo();
    let line = |id: &str, more: &[(&str, &str)]| {
        let mut line = serde_json::json!({
            "noun": "subscription", "id": id, "customer": "adatum", "service": "zz", "quantity": 1, "status": "active",
        });
        more.iter().for_each(|(name, value)| line[*name] = (*value).into());
        format!("{line}\n")
    };
    let sold = (0..60).map(|nth| line(&format!("z-{nth:02}"), &[("originalReseller", "contoso")]));
    let lines: String = sold.chain([line("zz-add-on", &[("parent", "z-00")])]).collect();
    let ndjson = [("content-type", "application/x-ndjson")];
    let imported = server.send("POST", "/v1/import", &ndjson, Some(lines.as_bytes()));
    assert_eq!(imported.status, 200, "{}", imported.text);
    let mut adatum = signed_in(&server, "adatum", "en");
    let path = "/customers/adatum/subscriptions";
    let (mut page, mut counts) = (adatum.get(path), Vec::new());
    loop {
        counts.push(page.text.matches("<th scope=\"row\"").count());
        let mut links = page.text.split("href=\"").skip(1).map(|link| link.split('"').next().unwrap());
        let Some(next) = links.find(|link| link.contains("cursor=")).map(str::to_owned) else { break };
        page = adatum.get(&next);
    }
    assert_eq!(counts, [50, 18]);
    let add_on = page.text.split_once("zz-add-on").unwrap().1.split_once("</tr>").unwrap().0;
    assert!(add_on.contains("Contoso Cloud"), "{add_on}");
    assert_eq!(page.text.matches(">z-00<").count(), 1, "what it adds to stands on the page before");
    assert!(page.text.contains("18 here; the list ends.") && page.text.contains("To the beginning"), "{}", page.text);
    let wrong = adatum.get(&format!("{path}?cursor=nonsense"));
    assert!(wrong.status == 200 && wrong.text.contains("50 of more"), "{}", wrong.text);
    assert!(wrong.text.contains("The place to go on from was none of this list"), "{}", wrong.text);
}

#[test]
fn what_a_partner_sold_is_counted_and_named_however_much_else_there_is() {
    let (_data, server) = demo();
    let mut lines: Vec<Value> =
        (0..1_001).map(|number| subscription(&format!("a-{number}"), "wingtip", "azure", Some("northwind"))).collect();
    lines.extend((0..51).map(|number| subscription(&format!("z-{number}"), "wingtip", "zservice", Some("contoso"))));
    lines.push(subscription("z-only", "wingtip", "zz-only-sold", Some("contoso")));
    lines.push(grant("wingtip", "zservice", "contoso"));
    import(&server, &lines);
    let mut wingtip = Browser::of(&server);
    wingtip.sign_in_as("wingtip");
    let choice = wingtip.get(&format!("/relationship-requests/{}", token(&server, "fabrikam")));
    assert!(choice.text.contains("It sold you 51 subscriptions here"), "{}", choice.text);
    assert!(choice.text.contains("id=\"service-zz-only-sold\""), "{}", choice.text);
    let contoso = wingtip.get("/customers/wingtip/partners/contoso");
    assert!(contoso.text.contains("52 subscriptions") && contoso.text.contains(">z-0<"), "{}", contoso.text);
    // They are listed 50 at a time, to the last.
    let next = contoso.text.split("href=\"").find(|link| link.contains("cursor=")).unwrap();
    let rest = wingtip.get(next.split(['"', '#']).next().unwrap());
    assert!(!contoso.text.contains(">z-only<") && rest.text.contains(">z-only<"), "{}", rest.text);
    assert!(wingtip.get("/customers/wingtip/partners/northwind").text.contains("1001 subscriptions"));
    // An add-on is one, whatever stands before it.
    let add_on = serde_json::json!({ "customer": "wingtip", "service": "zservice", "quantity": 1, "status": "active",
        "parent": "z-0" });
    let added = server.put("/v1/subscriptions/zz-added", &add_on);
    assert_eq!(added.status, 201, "{}", added.text);
    let changes = wingtip.get("/customers/wingtip/changes");
    assert!(changes.text.contains("it adds to ") && changes.text.contains(">z-0<"), "{}", changes.text);
}

#[test]
fn who_administers_a_service_and_what_waits_is_said_of_all_partners_and_not_of_a_page_of_them() {
    let (_data, server) = demo();
    let advisor = |number: usize| {
        serde_json::json!({ "noun": "partner", "id": format!("a{number:02}"), "name": "Adviser", "kind": "advisor",
            "status": "active" })
    };
    let mut lines: Vec<Value> = (0..60).map(advisor).collect();
    lines.extend((0..60).map(|number| grant("wingtip", "intune", &format!("a{number:02}"))));
    lines.push(subscription("z-1", "wingtip", "crm", Some("northwind")));
    lines.push(grant("wingtip", "crm", "northwind"));
    import(&server, &lines);
    let proposal = serde_json::json!({ "by": "partner", "outcome": "end" });
    let proposed = server.post("/v1/customers/wingtip/partners/northwind/renegotiation", &proposal);
    assert!(proposed.status < 300, "{}", proposed.text);
    let mut wingtip = Browser::of(&server);
    wingtip.sign_in_as("wingtip");
    let first = crate::people::main_of(&wingtip.get("/customers/wingtip/partners"));
    let (above, by_partner) = first.split_once("id=\"by-partner\"").unwrap();
    assert!(!by_partner.contains("<bdi>Northwind Distribution</bdi>"), "it is on the second page: {by_partner}");
    let (waits, by_service) = above.split_once("id=\"by-service\"").unwrap();
    assert!(waits.contains("<bdi>Northwind Distribution</bdi> proposes to end"), "{waits}");
    assert!(by_service.contains("<bdi>Northwind Distribution</bdi>"), "{by_service}");
    let nobody = by_service.matches("nobody").count();
    let next = first.split("href=\"").find(|link| link.contains("cursor=")).unwrap().split('"').next().unwrap();
    let second = crate::people::main_of(&wingtip.get(&next.replace("&amp;", "&")));
    assert_eq!(second.split_once("id=\"by-partner\"").unwrap().0.matches("nobody").count(), nobody);
    assert!(second.split_once("id=\"by-partner\"").unwrap().1.contains("<bdi>Northwind Distribution</bdi>"));
}

#[test]
fn only_a_partner_whose_relationship_stands_is_said_to_stay_billed_and_responsible() {
    let (_data, server) = demo();
    // Fabrikam sold office365 to Wingtip, and their relationship has ended.
    import(
        &server,
        &[
            grant("wingtip", "office365", "fabrikam"),
            grant("adatum", "dynamics", "contoso"),
            grant("wingtip", "azure", "contoso"),
        ],
    );
    let link = path(&server, PAGES[0]);
    let mut wingtip = Browser::of(&server);
    wingtip.sign_in_as("wingtip");
    let ended = "Your commercial relationship with it has ended";
    let choice = wingtip.get(&link);
    assert!(choice.text.contains(&format!("It sold you one subscription here. {ended}")), "{}", choice.text);
    assert!(
        choice.text.contains("It sold you nothing here, and no commercial relationship with it stands."),
        "{}",
        choice.text
    );
    let check = checked(&mut wingtip, &link, "office365");
    assert!(check.text.contains("relationship with it has ended, and it is not responsible"), "{}", check.text);
    let removal = wingtip.get("/customers/wingtip/partners/fabrikam/removal");
    assert!(removal.text.contains("Who sold you what stays as it is."), "{}", removal.text);
    for page in [choice, check, removal] {
        for says in ["stays responsible", "still billed", "is billed for", "is responsible for your support"] {
            assert!(!crate::people::main_of(&page).contains(says), "{says}: {}", page.text);
        }
    }
    // Contoso sold Adatum nothing of dynamics, and is tied by what it sold elsewhere.
    let mut adatum = Browser::of(&server);
    adatum.sign_in_as("adatum");
    let choice = adatum.get(&link);
    assert!(choice.text.contains("Your commercial relationship with it stays as it is."), "{}", choice.text);
    let removal = adatum.get("/customers/adatum/partners/contoso/removal");
    assert!(removal.text.contains("</bdi> is still billed for what it sold you"), "{}", removal.text);
}

#[test]
fn accepting_again_with_another_end_date_says_the_new_one_before_and_after() {
    let (_data, server) = demo();
    import(&server, &[grant("adatum", "dynamics", "northwind")]);
    let link = path(&server, PAGES[0]);
    let mut adatum = Browser::of(&server);
    adatum.sign_in_as("adatum");
    let key = Browser::hidden(&adatum.get(&link), "form_key");
    let fields = [("form_key", &*key), ("once", "ONCE"), ("other", "dynamics"), ("until", "2999-03-04")];
    let check = adatum.post(&format!("{link}/check"), &fields);
    assert!(check.text.contains("The end date of ") && check.text.contains(">4 March 2999<"), "{}", check.text);
    let [key, once, shown] = ["form_key", "once", "shown"].map(|name| Browser::hidden(&check, name));
    let shown = shown.replace("&quot;", "\"");
    let fields =
        [("form_key", &*key), ("once", &*once), ("shown", &*shown), ("service", "dynamics"), ("until", "2999-03-04")];
    assert_eq!(adatum.post(&format!("{link}/acceptance"), &fields).status, 303);
    let done = adatum.get("/customers/adatum/partners/northwind");
    assert!(done.text.contains("It now ends by itself: "), "{}", done.text);
    assert!(!done.text.contains("nothing changed"), "{}", done.text);
}

#[test]
fn a_service_is_known_by_its_key_and_by_the_name_that_is_shown_in_whatever_case() {
    let (_data, server) = demo();
    let link = path(&server, PAGES[0]);
    let mut adatum = Browser::of(&server);
    adatum.sign_in_as("adatum");
    let key = Browser::hidden(&adatum.get(&link), "form_key");
    for (written, service) in
        [("Azure", "azure"), ("AZURE", "azure"), ("office 365", "office365"), ("power-bi", "power-bi")]
    {
        let fields = [("form_key", &*key), ("once", "ONCE"), ("other", written)];
        let check = adatum.post(&format!("{link}/check"), &fields);
        assert_eq!((check.status, Browser::hidden(&check, "service").as_str()), (200, service), "{}", check.text);
    }
    // Who displaces nobody takes nothing from anybody.
    let takes = "Choosing a service takes it from the one that has it now.";
    assert!(adatum.get(&link).text.contains(takes));
    let advice = adatum.get(&format!("/relationship-requests/{}", token(&server, "litware")));
    assert!(!advice.text.contains(takes), "{}", advice.text);
}

#[test]
fn what_ended_by_itself_is_kept_by_its_time_which_no_revision_says() {
    let (_data, server) = demo();
    let mut wingtip = Browser::of(&server);
    wingtip.sign_in_as("wingtip");
    let link = |page: &Answer| {
        let link = page.text.split("href=\"").find(|link| link.contains("Permanent link")).unwrap();
        link.split('"').next().unwrap().replace("&amp;", "&").replace("%3A", ":")
    };
    let before = link(&wingtip.get("/customers/wingtip/partners"));
    let revision = before.split_once("as_of=").unwrap().1;
    assert!(revision.parse::<u64>().is_ok(), "{before}");
    let mut over = grant("wingtip", "azure", "contoso");
    over["until"] = "2025-07-01T00:00:00Z".into();
    import(&server, &[over]);
    let after = link(&wingtip.get("/customers/wingtip/partners"));
    assert!(after.split_once("as_of=").unwrap().1.ends_with('Z'), "{after}");
    let then = wingtip.get(&after);
    assert!(then.text.contains("It is shown as it was on <time "), "{}", then.text);
    assert!(then.text.contains("nobody"), "{}", then.text);
}

#[test]
fn what_ends_by_itself_after_a_revision_is_kept_by_its_time_on_the_pages_that_do_not_list_it() {
    let (_data, server) = demo();
    let [mut wingtip, mut contoso] = ["wingtip", "contoso"].map(|who| signed_in(&server, who, "en"));
    let mut ends = grant("wingtip", "azure", "contoso");
    let now = standing::clock::Clock::now(&standing::clock::System);
    ends["until"] = now.checked_add(jiff::SignedDuration::from_secs(5)).unwrap().to_string().into();
    import(&server, &[ends]);
    let by = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let is_by_time = |browser: &mut Browser<'_>, path: &str| loop {
        let page = browser.get(path);
        let link = page.text.split("href=\"").find(|link| link.contains("Permanent link")).unwrap();
        let link = link.split('"').next().unwrap();
        if link.ends_with('Z') {
            break;
        }
        assert!(std::time::Instant::now() < by, "{link}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    is_by_time(&mut wingtip, "/customers/wingtip/access");
    for path in ["/partners/contoso/access", "/partners/contoso/customers"] {
        is_by_time(&mut contoso, path);
    }
}

#[test]
fn a_choice_can_be_gone_back_to_and_read_in_another_language_and_no_link_from_elsewhere_ticks_a_box() {
    let (_data, server) = demo();
    let link = path(&server, PAGES[0]);
    let before = revision(&server);
    let mut adatum = Browser::of(&server);
    adatum.sign_in_as("adatum");
    let key = Browser::hidden(&adatum.get(&link), "form_key");
    let fields =
        [("form_key", &*key), ("once", "ONCE"), ("service", "azure"), ("other", "power-bi"), ("until", "2999-03-04")];
    let check = adatum.post(&format!("{link}/check"), &fields);
    let back = check.text.split_once("<p class=\"trail\"><a href=\"").unwrap().1.split('"').next().unwrap();
    let back = back.replace("&amp;", "&");
    let is_ticked = |page: &Answer| {
        let boxes = page.text.split("<input type=\"checkbox\"").skip(1);
        boxes.filter(|one| one.split('>').next().unwrap().contains(" checked")).count()
    };
    let again = adatum.get(&back);
    assert_eq!((again.status, is_ticked(&again)), (200, 1), "{back}: {}", again.text);
    assert!(again.text.contains("value=\"power-bi\"") && again.text.contains("value=\"2999-03-04\""), "{}", again.text);
    assert!(!again.text.contains("autocomplete=\"off\""), "a browser that goes back keeps what was typed");
    // Another language is the same page.
    let next = Browser::hidden(&check, "next").replace("&amp;", "&");
    let switched = adatum.post("/language", &[("language", "zh-Hans"), ("next", &next)]);
    assert_eq!((switched.status, switched.header("location")), (303, Some(&*next)));
    let chinese = adatum.get(&next);
    assert!(chinese.text.contains("确认您要接受的内容"), "{}", chinese.text);
    assert_eq!(Browser::hidden(&chinese, "until"), "2999-03-04");
    // What was not chosen here is not chosen.
    let (plain, _) = back.rsplit_once("&by=").unwrap();
    let mut wingtip = Browser::of(&server);
    wingtip.sign_in_as("wingtip");
    for link in [plain.to_owned(), format!("{plain}&by="), back.replace("azure", "dynamics")] {
        let page = adatum.get(&link);
        assert_eq!((page.status, is_ticked(&page)), (200, 0), "{link}");
    }
    let foreign = wingtip.get(&back);
    assert_eq!((foreign.status, is_ticked(&foreign)), (200, 0), "{}", foreign.text);
    assert!(!foreign.text.contains("value=\"power-bi\""), "{}", foreign.text);
    assert_eq!(revision(&server), before);
}

#[test]
fn of_what_turns_alike_fifty_are_named_and_the_rest_is_counted() {
    let (_data, server) = demo();
    let mut lines: Vec<Value> =
        (0..90).map(|number| subscription(&format!("t-{number}"), "wingtip", "teamwork", None)).collect();
    lines.push(grant("wingtip", "teamwork", "contoso"));
    import(&server, &lines);
    let mut wingtip = Browser::of(&server);
    wingtip.sign_in_as("wingtip");
    let removal = crate::people::main_of(&wingtip.get("/customers/wingtip/partners/contoso/removal"));
    let named = removal.matches(">t-").count();
    assert!((1..=50).contains(&named), "{named}: {removal}");
    assert!(removal.contains(&format!(" and {} more</td>", 91 - 50)), "{removal}");
    assert!(removal.contains("91 services and subscriptions are concerned"), "{removal}");
}

#[test]
fn every_page_that_shows_a_revision_says_it_on_paper_with_the_moment() {
    let (_data, server) = demo();
    let mut adatum = Browser::of(&server);
    adatum.sign_in_as("adatum");
    for page in PAGES {
        let shown = adatum.get(&path(&server, page));
        let revision = shown.header("standing-revision").unwrap();
        let paper = format!("<p class=\"paper\">Revision {revision}, looked at on <time datetime=");
        assert!(shown.text.contains(&paper), "{page}: {}", shown.text);
    }
    assert!(!adatum.get("/customers/nobody/partners").text.contains("class=\"paper\""));
}
