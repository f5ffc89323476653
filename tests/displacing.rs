//! That accepting a request may end another partner's administration is said before and after.

use serde_json::{Value, json};
use standing::domain::invitation::{Email, EmailError};
use standing::domain::partner::{Partner, PartnerKind, PartnerStatus};

use crate::server::Server;

const LINK: &str = "https://standing.example/v1/relationship-requests/token-of-the-partner";

fn email(kind: PartnerKind) -> Email {
    let partner = Partner {
        id: "fabrikam".parse().unwrap(),
        name: "Fabrikam".to_owned(),
        kind,
        status: PartnerStatus::Active,
        mpn_id: None,
        provider: None,
    };
    Email::of(&partner, LINK)
}

const SAID: &str = "accepting may end the delegated administration of the partner that holds them now";

#[test]
fn the_email_of_a_partner_that_sells_says_in_the_part_that_stays_what_accepting_may_end() {
    for kind in [PartnerKind::DirectBill, PartnerKind::IndirectProvider] {
        let email = email(kind);
        assert!(!email.text().contains("nothing else"), "{}", email.text());
        for edited in
            [email.with_paragraphs(&[]).unwrap(), email.with_paragraphs(&["Dear customer".to_owned()]).unwrap()]
        {
            assert!(edited.text().contains(SAID), "{}", edited.text());
        }
        let without: Vec<&str> = email.text().split("\n\n").filter(|part| !part.contains(SAID)).collect();
        let warned = email.edited(&without.join("\n\n")).unwrap();
        assert_eq!(warned, email, "the text of an earlier day is taken, and what it lacked is said");
        let other = email.text().replace(SAID, "accepting ends nothing");
        assert_eq!(email.edited(&other), Err(EmailError::EndingChanged));
    }
    assert!(!email(PartnerKind::Advisor).text().contains(SAID), "an advisor displaces nobody");
}

#[test]
fn an_email_that_a_partner_copied_on_an_earlier_day_is_taken() {
    let copied = format!(
        "Dear customer,\n\nplease accept.\n\nTo accept this request, follow this link:\n{LINK}\n\nOnly a global administrator of \
         your organization can accept. You can review your partners, and remove delegated administrative privileges from \
         any of them, on your Partner Relationships page at any time."
    );
    let email = email(PartnerKind::DirectBill).edited(&copied).unwrap();
    assert_eq!(email.paragraphs(), ["Dear customer,", "please accept."]);
    assert!(email.text().contains(SAID));
}

#[test]
fn the_offer_says_what_accepting_may_end_and_the_answer_what_it_ended() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--anonymous"]);
    let partner = |id: &str, kind: &str| {
        let told = server.put(&format!("/v1/partners/{id}"), &json!({ "name": id, "kind": kind, "status": "active" }));
        assert_eq!(told.status, 201, "{}", told.text);
        let request = server.get(&format!("/v1/partners/{id}/relationship-request")).json();
        format!("/v1/relationship-requests/{}", request["token"].as_str().unwrap())
    };
    let (first, second, advisor) =
        (partner("first", "directBill"), partner("second", "indirectProvider"), partner("adv", "advisor"));
    server.put("/v1/customers/c", &json!({ "name": "C" }));
    let offer = |link: &str| server.get(link).json();
    for link in [&first, &second] {
        let said = offer(link)["mayEnd"].as_str().unwrap().to_owned();
        assert!(said.contains("accepting ends its delegated administration of that service"), "{said}");
    }
    assert_eq!(offer(&advisor)["mayEnd"], Value::Null);
    let accepts = |link: &str| {
        let body = json!({ "customer": "c", "services": ["office365"] });
        server.post(&format!("{link}/acceptance"), &body).json()["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(accepts(&first), "accepting ended nobody else's delegated administration");
    assert_eq!(accepts(&advisor), "accepting ended nobody else's delegated administration");
    let said = accepts(&second);
    assert!(said.contains("partner `first` of service `office365`"), "{said}");
}
