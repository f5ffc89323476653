//! Cursors: where a list goes on, for whoever it was given to and for nobody else.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::guarded::Guarded;

/// Every list of which more than one page can be had here, its noun, and who else may read it.
const LISTS: [(&str, &str, Option<&str>); 10] = [
    ("/v1/partners", "partners", None),
    ("/v1/customers", "customers", None),
    ("/v1/subscriptions", "subscriptions", None),
    ("/v1/subscriptions?customer=adatum", "subscriptions", Some("customer")),
    ("/v1/subscriptions?partner=contoso", "subscriptions", Some("partner")),
    ("/v1/subscriptions?customer=adatum&partner=contoso", "subscriptions", Some("customer")),
    ("/v1/customers/adatum/partners", "partners", Some("customer")),
    ("/v1/access-review?customer=adatum", "access", Some("customer")),
    ("/v1/access-review?partner=contoso", "access", Some("partner")),
    ("/v1/decisions?order=newest", "decisions", None),
];

fn paged(path: &str, cursor: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    let cursor = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
    format!("{path}{separator}limit=1{cursor}")
}

fn next(page: &Value) -> String {
    page["next"].as_str().unwrap_or_else(|| panic!("nothing follows: {page}")).to_owned()
}

struct Readers {
    town: Guarded,
    customer: String,
    partner: String,
}

impl Readers {
    fn new() -> Self {
        let town = Guarded::new();
        let customer = town.token(&["--role", "customer", "--for", "adatum"]);
        let partner = town.token(&["--role", "partner", "--for", "contoso"]);
        Self { town, customer, partner }
    }

    /// The token of whoever reads a list, a tenant where one may.
    fn reader(&self, who: Option<&str>) -> &str {
        match who {
            Some("customer") => &self.customer,
            Some(_) => &self.partner,
            None => &self.town.operator,
        }
    }

    fn first(&self, token: &str, path: &str) -> String {
        let page = self.town.by(token, "GET", &paged(path, ""), None);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        next(&page.json())
    }
}

#[test]
fn a_cursor_that_this_list_did_not_give_this_caller_is_one_and_the_same_refusal() {
    let readers = Readers::new();
    let mut said = std::collections::BTreeSet::new();
    let other_operator = readers.town.token(&["--role", "operator"]);
    for (path, noun, who) in LISTS {
        let token = readers.reader(who);
        let own = readers.first(token, path);
        let going_on = readers.town.by(token, "GET", &paged(path, &own), None);
        assert_eq!(going_on.status, 200, "{path}: {}", going_on.text);
        assert_eq!(going_on.json()[noun].as_array().unwrap().len(), 1, "{path}");
        let other_reader = if who.is_some() { &readers.town.operator } else { &other_operator };
        let (other_list, _, other_who) = LISTS.into_iter().find(|(other, _, of)| *other != path && of == &who).unwrap();
        assert_eq!(other_who, who);
        let mut altered = BASE64URL_NOPAD.decode(own.as_bytes()).unwrap();
        *altered.last_mut().unwrap() ^= 1;
        let mut wrong = vec![
            readers.first(other_reader, path),
            readers.first(token, other_list),
            BASE64URL_NOPAD.encode(&altered),
            own[..own.len() - 4].to_owned(),
            format!("{own}AAAA"),
            "nonsense!".to_owned(),
            "A".repeat(10_000),
        ];
        // As they were before they were sealed: what is there and what is not, one's own and another's.
        for place in [
            "s adatum/office365 s-1 contoso removeSeats",
            "s adatum/office365 s-foreign contoso removeSeats",
            "s wingtip/office365 s-foreign contoso removeSeats",
            "s adatum/office365 s-nothing contoso removeSeats",
            "v adatum/office365  contoso provision",
            "office365/s-1",
            "office365/s-foreign",
            "s-1",
            "contoso",
            "oldest 1 9",
            "1",
        ] {
            wrong.push(BASE64URL_NOPAD.encode(place.as_bytes()));
        }
        for cursor in wrong {
            let answer = readers.town.by(token, "GET", &paged(path, &cursor), None);
            assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_cursor"), "{path} {cursor}");
            said.insert(answer.text);
        }
        let empty = readers.town.by(token, "GET", &format!("{}&cursor=", paged(path, "")), None);
        assert_eq!(empty.status, 400, "{path}");
        said.insert(empty.text);
    }
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn a_cursor_is_for_the_parameters_it_was_given_for() {
    let readers = Readers::new();
    for (given, used) in [
        ("/v1/subscriptions?customer=adatum", "/v1/subscriptions?customer=adatum&partner=contoso"),
        ("/v1/subscriptions?customer=adatum", "/v1/subscriptions"),
        ("/v1/customers/adatum/partners", "/v1/customers/adatum/partners?as_of=9"),
        ("/v1/customers/adatum/partners", "/v1/customers/adatum/partners?ending_within=3"),
        ("/v1/customers/adatum/partners", "/v1/customers/wingtip/partners"),
        ("/v1/access-review?customer=adatum", "/v1/access-review?partner=contoso"),
        ("/v1/decisions?asked=call", "/v1/decisions?decision=true"),
        ("/v1/decisions?decision=true", "/v1/decisions?decision=true&order=newest"),
    ] {
        let operator = &readers.town.operator;
        let cursor = readers.first(operator, given);
        let answer = readers.town.by(operator, "GET", &paged(used, &cursor), None);
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_cursor"), "{given} and {used}");
        // How many are shown at once is no part of it.
        let separator = if given.contains('?') { '&' } else { '?' };
        let answer = readers.town.by(operator, "GET", &format!("{given}{separator}limit=7&cursor={cursor}"), None);
        assert_eq!(answer.status, 200, "{given}: {}", answer.text);
    }
}

#[test]
fn a_cursor_names_nothing_to_whoever_reads_it_and_outlives_a_restart() {
    let mut readers = Readers::new();
    let mut kept = Vec::new();
    for (path, noun, who) in LISTS {
        let token = readers.reader(who).to_owned();
        let cursor = readers.first(&token, path);
        assert_eq!(readers.first(&token, path) == cursor, !path.contains("decisions"), "one place, one cursor: {path}");
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for name in ["s-", "contoso", "fabrikam", "adatum", "office365"] {
            assert!(!text.contains(name), "{path}: {text}");
        }
        let page = readers.town.by(&token, "GET", &paged(path, &cursor), None).json();
        kept.push((path, noun, token, cursor, page[noun].clone()));
    }
    readers.town = readers.town.restarted();
    for (path, noun, token, cursor, items) in kept {
        let page = readers.town.by(&token, "GET", &paged(path, &cursor), None);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert_eq!(page.json()[noun], items, "{path}");
    }
}
