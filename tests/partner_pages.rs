//! A partner's pages: what they say, who sees them, the email of its request, and what its forms do when they are sent
//! twice, late or by somebody else.

use serde_json::{Value, json};

use crate::people::{Browser, demo, main_of, said_by, signed_in};
use crate::server::{Answer, Server};

/// Every page of a partner that can be fetched.
const PAGES: [&str; 13] = [
    "/partners/contoso/customers",
    "/partners/contoso/customers?as_of=12",
    "/partners/contoso/customers?q=school&only=cannotAct",
    "/partners/contoso/customers/adatum",
    "/partners/contoso/customers/adatum/renegotiation?outcome=end",
    "/partners/contoso/customers/adatum/renegotiation?outcome=reinstate",
    "/partners/contoso/subscriptions/s-office",
    "/partners/contoso/subscriptions/s-office?as_of=12",
    "/partners/contoso/subscriptions/s-azure",
    "/partners/contoso/subscriptions/s-suspended",
    "/partners/contoso/request",
    "/partners/contoso/changes",
    "/partners/contoso/access",
];

fn request(server: &Server, partner: &str) -> Value {
    server.get(&format!("/v1/partners/{partner}/relationship-request")).json()
}

fn revision(server: &Server) -> Value {
    server.get("/v1/changes?limit=1000").json()["next"].clone()
}

/// What a page says, a line an element, without what is another each time.
fn said(server: &Server, page: &Answer) -> String {
    let request = request(server, "contoso");
    let said = said_by(&page.text.replace(request["link"].as_str().unwrap(), "LINK"));
    assert!(!said.contains(request["token"].as_str().unwrap()), "the link stands there in another form too");
    said
}

/// The text of a field of several lines.
fn area(page: &Answer, id: &str) -> String {
    let rest = page.text.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no `{id}`: {}", page.text)).1;
    let text = rest.split_once('>').unwrap().1.split_once("</textarea>").unwrap().0;
    text.strip_prefix('\n')
        .unwrap()
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn written(browser: &mut Browser<'_>, partner: &str, fields: &[(&str, &str)]) -> Answer {
    let path = format!("/partners/{partner}/request");
    let key = Browser::hidden(&browser.get("/words"), "form_key");
    browser.post(&path, &[&[("form_key", &*key), ("once", "ONCE")], fields].concat())
}

#[test]
fn every_page_of_a_partner_reads_as_reviewed_in_both_languages() {
    let (_data, server) = demo();
    for language in ["en", "zh-Hans"] {
        let mut contoso = signed_in(&server, "contoso", language);
        for page in PAGES {
            let shown = contoso.get(page);
            assert_eq!(shown.status, 200, "{page}: {}", shown.text);
            let name = page.replace(['/', '{', '}', '?', '=', '&'], " ");
            insta::assert_snapshot!(format!("page {language}{name}"), said(&server, &shown));
            assert!(!shown.text.contains(" style=") && !shown.text.contains("<script>"), "{page}");
        }
        let email = written(&mut contoso, "contoso", &[("language", language), ("paragraph-1", "Hello <b>")]);
        assert_eq!(email.status, 200, "{}", email.text);
        insta::assert_snapshot!(format!("page {language} the email of contoso"), said(&server, &email));
    }
}

#[test]
fn a_partner_begins_with_its_customers_and_reads_of_no_other_partner() {
    let (_data, server) = demo();
    let mut contoso = signed_in(&server, "contoso", "en");
    assert_eq!(contoso.get("/").header("location"), Some("/partners/contoso/customers"));
    let start = contoso.get("/partners/contoso/customers");
    let nav = start.text.split_once("<nav").unwrap().1.split_once("</nav>").unwrap().0;
    for path in ["customers", "request", "changes", "access"] {
        assert!(nav.contains(&format!("href=\"/partners/contoso/{path}\"")), "{nav}");
    }
    assert_eq!(nav.matches("<a ").count(), 4, "{nav}");
    assert!(!main_of(&start).contains("Wingtip"), "a customer it has nothing to do with");
    for page in PAGES {
        let shown = contoso.get(page);
        for other in ["abrikam", "itware", "orthwind", "roseware", "ailspin", "tranger"] {
            assert!(!shown.text.contains(other), "{page} names {other}");
        }
    }
}

#[test]
fn nobody_but_the_partner_and_who_runs_it_sees_its_pages_and_they_are_as_if_there_were_none() {
    let (_data, server) = demo();
    let mut wingtip = signed_in(&server, "wingtip", "en");
    let none = wingtip.get("/partners/nobody/customers");
    assert_eq!(none.status, 404);
    for (who, status) in [("contoso", 200), ("operator", 200), ("fabrikam", 404), ("adatum", 404), ("ada", 404)] {
        let mut browser = signed_in(&server, who, "en");
        for page in PAGES {
            let shown = browser.get(page);
            assert_eq!(shown.status, status, "{who} {page}");
            if status == 404 {
                assert_eq!(main_of(&shown), main_of(&none), "{who} {page}");
            }
        }
        let (key, before) = (Browser::hidden(&browser.get("/words"), "form_key"), revision(&server));
        if who != "contoso" {
            let fields = [("form_key", &*key), ("once", "ONCE"), ("outcome", "end"), ("shown", "proposed")];
            let sent = browser.post("/partners/contoso/customers/adatum/renegotiation", &fields);
            let is_operator = who == "operator";
            assert_eq!((sent.status, revision(&server) == before), (if is_operator { 303 } else { 404 }, !is_operator));
        }
    }
    let mut contoso = signed_in(&server, "contoso", "en");
    for page in [
        "/partners/contoso/customers/wingtip",
        "/partners/contoso/customers/nobody",
        "/partners/contoso/customers/wingtip/renegotiation?outcome=end",
        "/partners/contoso/customers/adatum/renegotiation?outcome=other",
        "/partners/contoso/subscriptions/s-ended",
        "/partners/contoso/subscriptions/s-intune",
        "/partners/contoso/subscriptions/nothing",
    ] {
        let shown = contoso.get(page);
        assert_eq!((shown.status, main_of(&shown)), (404, main_of(&none)), "{page}");
    }
    let mut visitor = Browser::of(&server);
    for page in PAGES {
        let sent = visitor.get(page);
        assert_eq!(sent.status, 303, "{page}");
        assert!(sent.header("location").unwrap().starts_with("/sign-in?next=%2Fpartners%2Fcontoso"), "{page}");
    }
}

#[test]
fn the_subscription_page_says_what_the_api_answers_and_looking_at_it_is_no_use() {
    let (_data, server) = demo();
    let mut contoso = signed_in(&server, "contoso", "en");
    let review = |server: &Server| {
        let mut access = server.get("/v1/access-review?partner=contoso&limit=200").json()["access"].clone();
        access.as_array_mut().unwrap().iter_mut().map(|row| row["lastUsed"].take()).collect::<Vec<_>>()
    };
    let before = review(&server);
    let standings = server.get("/v1/partners/contoso/standing").json()["subscriptions"].clone();
    let mut seen = 0;
    for standing in standings.as_array().unwrap() {
        let id = standing["subscription"].as_str().unwrap();
        let page = contoso.get(&format!("/partners/contoso/subscriptions/{id}"));
        let body = page.text.split_once("<tbody").unwrap().1;
        let rows: Vec<&str> = body.split("<tr").skip(1).collect();
        let actions = standing["actions"].as_array().unwrap();
        assert_eq!(rows.len(), actions.len(), "{id}");
        for (row, said) in rows.iter().zip(actions) {
            let is_yes = said["decision"] == true;
            assert_eq!(row.contains("class=\"yes\""), is_yes, "{id} {said}: {row}");
            assert_eq!(row.contains("class=\"no\""), !is_yes, "{id} {said}: {row}");
            if let Some(reason) = said["reason"].as_str() {
                assert!(row.contains(&format!(">{reason}<")), "{id} {said}: {row}");
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
    let displaced = contoso.get("/partners/contoso/subscriptions/s-office").text;
    for says in ["You sold it. You do not administer its service now.", "You are still responsible for support"] {
        assert!(displaced.contains(says), "{says}");
    }
    assert!(displaced.contains("<a href=\"/partners/contoso/request\">request a reseller relationship</a>"));
    let past = contoso.get("/partners/contoso/subscriptions/s-office?as_of=12");
    assert!(
        past.text.contains("You sold it, and you administer its service.") && past.text.contains("This is how it was")
    );
    assert_eq!(contoso.get("/partners/contoso/subscriptions/s-office?as_of=9").status, 404);
    let then = server.get("/v1/partners/contoso/standing?subscription=s-office&as_of=12").json();
    assert_eq!(then["subscriptions"][0]["delegatedAdministrator"], true);
    contoso.get("/partners/contoso/customers/adatum");
    assert_eq!(review(&server), before);
}

#[test]
fn an_email_is_shown_with_the_link_as_it_is_and_what_was_written_before_it() {
    let (_data, server) = demo();
    let mut contoso = signed_in(&server, "contoso", "en");
    let request = request(&server, "contoso");
    let (link, text) = (request["link"].as_str().unwrap(), request["email"]["text"].as_str().unwrap());
    let page = contoso.get("/partners/contoso/request");
    assert!(page.text.contains(&format!(">{link}</p>")), "the link is text");
    let fields: Vec<&str> = page.text.split("<input").chain(page.text.split("<textarea")).skip(1).collect();
    assert!(!fields.iter().any(|field| field.split("</textarea>").next().unwrap_or("").contains("value=\"http")));
    let paragraphs = ["paragraph-1", "paragraph-2"].map(|id| area(&page, id));
    let original = [("language", "en"), ("paragraph-1", &*paragraphs[0]), ("paragraph-2", &*paragraphs[1])];
    assert_eq!(area(&written(&mut contoso, "contoso", &original), "whole"), text);
    let before = revision(&server);
    let edited =
        written(&mut contoso, "contoso", &[("language", "en"), ("paragraph-1", "Dear <customer>,\r\nsee below.")]);
    let whole = area(&edited, "whole");
    assert!(
        whole.starts_with("Dear <customer>,\nsee below.\n\nTo accept this request, follow this link:\n"),
        "{whole}"
    );
    assert_eq!((whole.matches(link).count(), area(&edited, "paragraph-2").as_str()), (1, ""));
    let empty = area(&written(&mut contoso, "contoso", &[("language", "en")]), "whole");
    assert!(empty.starts_with("To accept this request"), "{empty}");
    assert_eq!(revision(&server), before);
    let path = "/v1/partners/contoso/relationship-request/email";
    for text in [&whole, &empty] {
        let taken = server.post(path, &json!({ "text": text }));
        assert_eq!((taken.status, taken.json()["text"].as_str().unwrap()), (200, text.as_str()), "{}", taken.text);
    }
    // Left as they are, the paragraphs come in the language that is chosen; what was written stays.
    let fields = [("language", "zh-Hans"), ("paragraph-1", &*paragraphs[0]), ("paragraph-2", "Mine.")];
    let chinese = written(&mut contoso, "contoso", &fields);
    let whole = area(&chinese, "whole");
    assert!(
        whole.starts_with("Contoso Cloud 希望与贵组织合作，特此请求与您建立经销商关系。\n\nMine.\n\n要接受此请求"),
        "{whole}"
    );
    assert_eq!(whole.matches(link).count(), 1);
    let taken = server.post(path, &json!({ "text": whole }));
    assert_eq!((taken.status, taken.json()["text"].as_str().unwrap()), (200, whole.as_str()), "{}", taken.text);
    assert_eq!(taken.json()["subject"], "Contoso Cloud 请求与您建立经销商关系");
    // The API writes it so, too.
    let asked = server.get("/v1/partners/contoso/relationship-request?language=zh-Hans").json();
    assert_eq!(
        (&asked["link"], asked["email"]["text"].as_str().unwrap().contains("要接受此请求")),
        (&request["link"], true)
    );
    let edited = server.post(path, &json!({ "paragraphs": ["Mine."], "language": "zh-Hans" })).json();
    assert!(edited["text"].as_str().unwrap().starts_with("Mine.\n\n要接受此请求"), "{edited}");
    let both = server.post(path, &json!({ "text": whole, "language": "en" }));
    assert_eq!(both.status, 400, "a whole text says its language itself");
}

#[test]
fn the_link_is_a_page_where_there_are_pages_and_an_email_over_either_address_is_taken() {
    for (flags, of_link, other) in [(&["--demo"][..], "", "/v1"), (&["--demo", "--no-pages"], "/v1", "")] {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), flags);
        let request = request(&server, "contoso");
        let (link, text) = (request["link"].as_str().unwrap(), request["email"]["text"].as_str().unwrap());
        let at = |prefix: &str| {
            format!("{}{prefix}/relationship-requests/{}", server.base, request["token"].as_str().unwrap())
        };
        assert_eq!((link, text.matches(link).count()), (&*at(of_link), 1));
        let path = "/v1/partners/contoso/relationship-request/email";
        for sent in [text.to_owned(), text.replace(link, &at(other))] {
            let taken = server.post(path, &json!({ "text": sent }));
            assert_eq!((taken.status, taken.json()["text"].as_str()), (200, Some(text)), "{}", taken.text);
        }
    }
}

#[test]
fn a_mistake_in_a_paragraph_is_said_at_it_and_everything_typed_is_kept() {
    let (_data, server) = demo();
    let mut contoso = signed_in(&server, "contoso", "en");
    let link = request(&server, "contoso")["link"].as_str().unwrap().to_owned();
    let long = "x".repeat(16_385);
    for (first, second, field) in [
        ("Hello", &*format!("Follow {link} now"), "paragraph-2"),
        (&*format!("<{link}>"), "", "paragraph-1"),
        ("a\u{7}b", "kept", "paragraph-1"),
        ("kept", "a\u{202E}b", "paragraph-2"),
        (&*long, "kept", "paragraph-1"),
        ("one\n\ntwo", "three", "paragraph-1"),
        ("one", "two\n\nthree", "paragraph-2"),
    ] {
        let fields = [("language", "en"), ("paragraph-1", first), ("paragraph-2", second)];
        let page = written(&mut contoso, "contoso", &fields);
        assert_eq!(page.status, 422, "{field}");
        assert!(page.text.contains("<title>Error: ") && page.text.contains("tabindex=\"-1\" autofocus"));
        assert!(
            page.text.contains(&format!("href=\"#{field}\"")) && page.text.contains(&format!("id=\"{field}-error\""))
        );
        assert_eq!([area(&page, "paragraph-1"), area(&page, "paragraph-2")], [first, second].map(str::to_owned));
        assert!(!page.text.contains("id=\"whole\""), "no email is made of it");
    }
    let other = written(&mut contoso, "contoso", &[("language", "fr")]);
    assert_eq!(other.status, 400);
    let foreign = contoso.post("/partners/contoso/request", &[("form_key", "x"), ("language", "en")]);
    assert_eq!(foreign.status, 403);
    let of_before = [("form_key", "x"), ("language", "en"), ("paragraph-1", "Dear <you>"), ("paragraph-2", "kept")];
    let kept = contoso.post("/partners/contoso/request", &of_before);
    assert_eq!((kept.status, area(&kept, "paragraph-1")), (403, "Dear <you>".to_owned()));
    contoso.cookies().clear();
    let kept = contoso.post("/partners/contoso/request", &of_before);
    assert_eq!((kept.status, area(&kept, "paragraph-1")), (403, "Dear <you>".to_owned()));
}

#[test]
fn who_may_not_request_reads_why_and_whom_to_ask_and_nobody_else_does() {
    let (_data, server) = demo();
    for (partner, reason, whom) in [
        ("tailspin", "indirect_reseller_has_no_link", "Ask your indirect provider"),
        ("proseware", "partner_suspended", "Settle your account"),
    ] {
        let token = server.post("/v1/tokens", &json!({ "role": "partner", "for": partner, "name": partner }));
        let path = format!("/partners/{partner}/request");
        let mut own = Browser::of(&server);
        own.post("/sign-in/token", &[("token", token.json()["token"].as_str().unwrap_or_default())]);
        let page = own.get(&path);
        assert_eq!(page.status, 403, "{} {}", token.text, page.text);
        assert!(page.text.contains(reason) && page.text.contains(whom), "{}", page.text);
        assert_eq!(written(&mut own, partner, &[("language", "en")]).status, 403);
        let customers = own.get(&format!("/partners/{partner}/customers"));
        assert_eq!(customers.status, 200);
        assert!(!main_of(&customers).contains(&format!("href=\"{path}\"")), "{}", customers.text);
        assert_eq!(signed_in(&server, "contoso", "en").get(&path).status, 404);
    }
}

#[test]
fn a_renegotiation_is_said_once_as_it_was_shown_and_can_be_taken_back() {
    let (_data, server) = demo();
    let path = "/partners/contoso/customers/adatum/renegotiation";
    let mut contoso = signed_in(&server, "contoso", "en");
    let send = |browser: &mut Browser<'_>, page: &Answer| {
        let [key, once, outcome, shown] =
            ["form_key", "once", "outcome", "shown"].map(|name| Browser::hidden(page, name));
        let fields = [("form_key", &*key), ("once", &*once), ("outcome", &*outcome), ("shown", &*shown)];
        browser.post(path, &fields)
    };
    let asked = contoso.get(&format!("{path}?outcome=end"));
    assert!(asked.text.contains("<title>Propose to end your commercial relationship with Adatum School?"));
    assert!(!asked.text.contains("abrikam"), "{}", asked.text);
    let sent = send(&mut contoso, &asked);
    assert_eq!((sent.status, sent.header("location")), (303, Some("/partners/contoso/customers/adatum")));
    let after = revision(&server);
    assert_eq!((send(&mut contoso, &asked).status, revision(&server)), (303, after), "once, however often it is sent");
    let page = contoso.get("/partners/contoso/customers/adatum");
    assert!(page.text.contains("You proposed to end your commercial relationship with"), "{}", page.text);
    let adatum = signed_in(&server, "adatum", "en").get("/customers/adatum/partners");
    assert!(adatum.text.contains("<bdi>Contoso Cloud</bdi> proposes to end your commercial relationship"));
    // Taken back in one window, and agreed to by the customer before the other window takes it back.
    let shown = [contoso.get(&format!("{path}?outcome=none")), contoso.get(&format!("{path}?outcome=none"))];
    assert_eq!(send(&mut contoso, &shown[0]).status, 303);
    let before = revision(&server);
    let stale = send(&mut contoso, &shown[1]);
    assert_eq!((stale.status, revision(&server)), (200, before), "{}", stale.text);
    assert!(stale.text.contains("There is nothing to propose or agree to"));
    let nothing = contoso.get(&format!("{path}?outcome=reinstate"));
    assert!(nothing.text.contains("There is nothing to propose or agree to"), "{}", nothing.text);
}

#[test]
fn the_customers_are_found_by_name_and_by_how_they_stand_on_the_page_and_in_the_spreadsheet() {
    let (_data, server) = demo();
    let mut browser = signed_in(&server, "fabrikam", "en");
    let mut found = |query: &str| {
        let page = browser.get(&format!("/partners/fabrikam/customers{query}"));
        assert_eq!(page.status, 200, "{query}");
        let csv = browser
            .get(&format!("/partners/fabrikam/customers{query}{}format=csv", if query.is_empty() { "?" } else { "&" }));
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        let listed = ["Adatum School", "Wingtip Toys"].map(|name| main_of(&page).contains(name));
        assert_eq!(["adatum,", "wingtip,"].map(|id| csv.text.contains(id)), listed, "{query}: {}", csv.text);
        listed
    };
    assert_eq!(found(""), [true, false], "an ended relationship is on no list");
    assert_eq!(found("?q=SCHOOL"), [true, false]);
    assert_eq!(found("?q=ADAT"), [true, false]);
    assert_eq!(found("?q=toys"), [false, false]);
    assert_eq!(found("?only=administers"), [true, false]);
    for only in ["soldTo", "cannotAct", "ending"] {
        assert_eq!(found(&format!("?only={only}")), [false, false], "{only}");
    }
    assert_eq!(browser.get("/partners/fabrikam/customers?only=else").status, 400);
    let mut contoso = signed_in(&server, "contoso", "en");
    let responsible = contoso.get("/partners/contoso/customers?only=cannotAct");
    assert!(
        main_of(&responsible).contains("Adatum School")
            && responsible.text.contains("you can act in <bdi>Azure</bdi> only")
    );
    let past = contoso.get("/partners/contoso/customers?as_of=9");
    assert!(past.text.contains("No customer has accepted yet.") && past.text.contains("This is how it was"));
    assert_eq!(contoso.get("/partners/contoso/customers?as_of=2999-01-01").status, 422);
    assert_eq!(contoso.get("/partners/contoso/customers?as_of=soon").status, 400);
}

#[test]
fn names_with_markup_and_formulas_are_text_and_no_cell_begins_as_a_formula() {
    let (_data, server) = demo();
    let name = "=1+1<b>x</b>\"><img src=x onerror=y>\u{202E}";
    let answer = server.put("/v1/customers/adatum", &json!({ "name": name }));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut contoso = signed_in(&server, "contoso", "en");
    for page in PAGES {
        let shown = contoso.get(page);
        assert!(!shown.text.contains("<b>x") && !shown.text.contains("<img"), "{page}");
    }
    for page in ["customers", "access"] {
        let csv = contoso.get(&format!("/partners/contoso/{page}?format=csv"));
        assert!(csv.text.contains("'=1+1") && !csv.text.contains(",=1"), "{}", csv.text);
    }
}

#[test]
fn what_ends_soon_is_found_and_what_ended_says_how() {
    let (_data, server) = demo();
    let path = format!("/v1/relationship-requests/{}", request(&server, "contoso")["token"].as_str().unwrap());
    let until = standing::clock::Clock::now(&standing::clock::System) + jiff::SignedDuration::from_hours(10 * 24 + 1);
    let body = json!({ "customer": "wingtip", "services": ["crm"], "until": until });
    let accepted = server.post(&format!("{path}/acceptance"), &body);
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    let mut contoso = signed_in(&server, "contoso", "en");
    let ending = main_of(&contoso.get("/partners/contoso/customers?only=ending"));
    assert!(ending.contains("Wingtip Toys") && !ending.contains("Adatum School"), "{ending}");
    assert!(ending.contains(">in 10 days<"), "{ending}");
    let mut northwind = signed_in(&server, "northwind", "en");
    assert!(northwind.get("/partners/northwind/customers").text.contains("No customer has accepted yet."));
    let past = northwind.get("/partners/northwind/customers/adatum");
    for says in ["the customer removed you", "You neither sold a subscription here", "request a relationship"] {
        assert!(past.text.to_lowercase().contains(&says.to_lowercase()), "{says}: {}", past.text);
    }
}

#[test]
fn a_proposal_of_the_customer_waits_for_the_partner_who_agrees() {
    let (_data, server) = demo();
    let said = json!({ "by": "customer", "outcome": "end" });
    assert_eq!(server.post("/v1/customers/adatum/partners/contoso/renegotiation", &said).status, 200);
    let mut contoso = signed_in(&server, "contoso", "en");
    assert!(contoso.get("/partners/contoso/customers").text.contains("it proposes to end it"));
    let waits = contoso.get("/partners/contoso/customers/adatum");
    assert!(
        waits.text.contains("<bdi>Adatum School</bdi> proposes to end your commercial relationship"),
        "{}",
        waits.text
    );
    let path = "/partners/contoso/customers/adatum/renegotiation";
    let asked = contoso.get(&format!("{path}?outcome=end"));
    assert!(
        asked.text.contains("you are no longer billed") && asked.text.contains("Agree to end it"),
        "{}",
        asked.text
    );
    let [key, once, outcome, shown] =
        ["form_key", "once", "outcome", "shown"].map(|name| Browser::hidden(&asked, name));
    let fields = [("form_key", &*key), ("once", &*once), ("outcome", &*outcome), ("shown", &*shown)];
    assert_eq!(contoso.post(path, &fields).status, 303);
    let after = contoso.get("/partners/contoso/customers/adatum");
    assert!(after.text.contains("has ended.") && after.text.contains("Propose to reinstate it"), "{}", after.text);
    let page = contoso.get("/partners/contoso/subscriptions/s-office");
    assert!(page.text.contains("Your commercial relationship with the customer has ended."), "{}", page.text);
    assert!(!page.text.contains("You are still responsible for support"), "no duty is left");
    assert!(page.text.contains("agree with the customer to reinstate the commercial relationship"));
}

#[test]
fn that_no_customer_is_as_asked_is_not_said_of_a_later_page() {
    let (_data, server) = demo();
    let customer =
        |number: usize, name: &str| json!({ "noun": "customer", "id": format!("c{number:02}"), "name": name });
    let grant = |number: usize| {
        json!({ "noun": "grant", "customer": format!("c{number:02}"), "service": "azure", "partner": "northwind",
            "delegatedAdministrator": true, "since": "2025-06-01T00:00:00Z" })
    };
    let lines: Vec<_> = (0..51).flat_map(|number| [customer(number, "Needle"), grant(number)]).collect();
    let import = |lines: &[serde_json::Value]| {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let headers = [("content-type", "application/x-ndjson")];
        let sent = server.send("POST", "/v1/import", &headers, Some(lines.as_bytes()));
        assert_eq!(sent.status, 200, "{}", sent.text);
    };
    import(&lines);
    let mut northwind = signed_in(&server, "northwind", "en");
    let first = northwind.get("/partners/northwind/customers?q=needle");
    let next = first.text.split("href=\"").find(|link| link.contains("cursor=")).unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&");
    import(&[customer(50, "Haystack")]);
    let second = northwind.get(&next);
    assert_eq!(second.status, 200, "{}", second.text);
    assert!(second.text.contains("None among the rest."), "{}", second.text);
    assert!(!second.text.contains("No customer here is as you ask"), "{}", second.text);
    assert!(northwind.get("/partners/northwind/customers?q=nail").text.contains("No customer here is as you ask"));
}
