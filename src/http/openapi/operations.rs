//! Every operation: what its handler reads and answers, and how it fails.

use serde_json::json;
use utoipa::openapi::schema::ObjectBuilder;
use warp::http::StatusCode;

use super::super::accept::JSON;
use super::super::authzen::{Asking, Configuration, Evaluation, EvaluationsAnswer, SearchAnswer};
use super::super::decisions::{Filters, ReplayBody};
use super::super::health::{Health, Readiness};
use super::super::link_keys::LinkKeyList;
use super::super::relationships::{AcceptanceBody, EmailBody, RenegotiationBody, Within, WrittenIn};
use super::super::root::Index;
use super::super::rules::Rules;
use super::super::sessions::{SessionList, Whose};
use super::super::times::Past;
use super::super::tokens::{RotationBody, TokenBody, TokenList};
use super::super::what_if::{CustomerWhatIfBody, PartnerWhatIfBody, WhatIfBody};
use super::super::{access_review, changes, customers, ledger, partners, subscriptions};
use super::operation::{Described, at};
use super::problems::text;
use super::{drafts, publishing, questions};
use crate::answer::ask::AskError;
use crate::answer::own_standing::OwnStanding;
use crate::answer::pages::{CustomerListItem, Ending, PartnerRelationship, PastError};
use crate::answer::search::SearchError;
use crate::answer::what_if::own::OwnDelta;
use crate::answer::what_if::{Delta, WhatIfError};
use crate::audit::Record;
use crate::change::acceptance::Accepted;
use crate::change::import::{ImportError, Imported};
use crate::change::line::Line;
use crate::change::open_sessions::{EndError, EndedSessions, SessionSummary};
use crate::change::registration::{CustomerError, PartnerError, SubscriptionError};
use crate::change::relationship::{LinkError, Offer, RelationshipRequest, RequestError};
use crate::change::removal::{RemovalError, Removed};
use crate::change::renegotiation::{Renegotiated, RenegotiationError};
use crate::change::token_error::TokenError;
use crate::change::tokens::{IssuedToken, TokenSummary};
use crate::domain::customer::Customer;
use crate::domain::invitation::Email;
use crate::domain::partner::Partner;
use crate::domain::subscription::Subscription;
use crate::evidence::access_review::{Access, AccessReviewError};
use crate::evidence::changes::{ChangesError, ChangesPage};
use crate::evidence::ledger::checkpoints::KeptCheckpoint;
use crate::evidence::ledger::{Archived, ConsistencyProof, InclusionProof, LedgerError, SignedCheckpoint};
use crate::evidence::own_changes::OwnChange;
use crate::evidence::replay::{ReplayError, Replayed};
use crate::pdp::links::LinksError;
use crate::pdp::page::ListError;
use crate::question::Question;

const HYPOTHETICAL: &str = "`true` where other rules decided than were in force at the moment it is about; else absent";

/// Every operation, but for what its route says.
pub(super) fn operations() -> impl Iterator<Item = Described> {
    let by_tag = [
        ("asking", asking()),
        ("telling", registration()),
        ("relationships", relationships()),
        ("remembering", remembering()),
        ("rules", publishing::operations()),
        ("rules", drafts::operations()),
        ("tokens", tokens()),
        ("running", running()),
    ];
    by_tag.into_iter().flat_map(|(tag, described)| described.into_iter().map(move |operation| operation.tag(tag)))
}

fn asking() -> Vec<Described> {
    let (contoso, partner) = (json!({ "type": "Partner", "id": "contoso" }), json!({ "type": "Partner" }));
    let (office, subscription) =
        (json!({ "type": "Subscription", "id": "s-office" }), json!({ "type": "Subscription" }));
    let (remove, provision) = (json!({ "name": "removeSeats" }), json!({ "name": "provision" }));
    let question = json!({ "subject": contoso, "action": remove, "resource": office });
    let many = json!({
        "subject": contoso, "resource": office, "evaluations": [{ "action": remove }, { "action": provision }],
    });
    let who = json!({ "subject": partner, "action": remove, "resource": office });
    let to_what = json!({ "subject": contoso, "action": remove, "resource": subscription, "page": { "limit": 2 } });
    let what = json!({ "subject": contoso, "resource": office });
    let asked = vec![
        at("POST /access/v1/evaluation", "evaluate", "Ask one question")
            .body::<Question>(question)
            .fails::<AskError>()
            .answers::<Evaluation<'_>>("The answer, a no as well"),
        at("POST /access/v1/evaluations", "evaluateAll", "Ask many questions at once")
            .body_as(questions::many(), many)
            .fails::<AskError>()
            .answers::<EvaluationsAnswer<'_>>("The answers in the order of the questions"),
        at("POST /access/v1/search/subject", "searchSubjects", "Ask who may do it")
            .body_as(questions::search("SubjectSearch", "subject", "Which subjects may do it?"), who)
            .fails::<SearchError>()
            .answers::<SearchAnswer<'_>>("Who may"),
        at("POST /access/v1/search/resource", "searchResources", "Ask to what it may be done")
            .body_as(questions::search("ResourceSearch", "resource", "To which resources may it be done?"), to_what)
            .fails::<SearchError>()
            .answers::<SearchAnswer<'_>>("To what"),
        at("POST /access/v1/search/action", "searchActions", "Ask what may be done")
            .body_as(questions::search("ActionSearch", "action", "What may be done?"), what)
            .fails::<SearchError>()
            .answers::<SearchAnswer<'_>>("What may be done"),
    ];
    let with_read_options = |asked: Described| {
        let asked = asked.takes::<Past>().takes::<Rules>().takes::<Asking>();
        asked.header("Standing-Rules", "The digest of the rules").header("Standing-Hypothetical", HYPOTHETICAL)
    };
    let metadata = at("GET /.well-known/authzen-configuration", "readConfiguration", "Read where to ask")
        .answers::<Configuration>("Where to ask");
    let for_proxy = at("GET /v1/forward-auth", "askForProxy", "Ask whether a call may go on that a proxy passes on")
        .header("Standing-Rules", "The digest of the rules")
        .answers_nothing("It may; 403 where it may not");
    asked.into_iter().map(with_read_options).chain([metadata, for_proxy]).collect()
}

fn registration() -> Vec<Described> {
    let partner = json!({ "name": "Contoso Cloud", "kind": "directBill", "status": "active", "mpnId": "mpn-contoso" });
    let customer = json!({ "name": "Adatum School", "domain": "adatum.example" });
    let subscription = json!({
        "customer": "adatum", "service": "office365", "originalReseller": "contoso", "quantity": 25, "status": "active",
    });
    let line = json!({ "noun": "customer", "id": "adatum", "name": "Adatum School" });
    vec![
        at("GET /v1/partners", "listPartners", "List partners")
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<Partner>("partners", "A page of the partners, in the order of their ids"),
        at("GET /v1/partners/{partner}", "readPartner", "Read a partner").answers::<Partner>("The partner"),
        at("PUT /v1/partners/{partner}", "writePartner", "Register or change a partner")
            .noun::<Partner>("The partner as it was, or is now", partner)
            .fails::<PartnerError>(),
        at("GET /v1/partners/{partner}/customers", "readCustomerList", "Read a partner's customer list")
            .takes::<Past>()
            .fails::<PastError>()
            .lists::<CustomerListItem>("customers", "A page of the customers, and what the partner holds of each"),
        at("GET /v1/partners/{partner}/standing", "readOwnStanding", "Read how a partner stands itself")
            .takes::<partners::StandingOf>()
            .takes::<Past>()
            .fails::<PastError>()
            .lists_about::<OwnStanding, CustomerListItem>(
                "subscriptions",
                "customer",
                "A page of what it sold or administers, with every answer, why, and what would turn it; at most 100",
            ),
        at("GET /v1/customers", "listCustomers", "List customers")
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<Customer>("customers", "A page of the customers, in the order of their ids"),
        at("GET /v1/customers/{customer}", "readCustomer", "Read a customer").answers::<Customer>("The customer"),
        at("PUT /v1/customers/{customer}", "writeCustomer", "Register or change a customer")
            .noun::<Customer>("The customer as it was, or is now", customer)
            .fails::<CustomerError>(),
        at(
            "GET /v1/customers/{customer}/partners",
            "readPartnerRelationships",
            "Read a customer's Partner Relationships page",
        )
        .takes::<customers::Ending>()
        .takes::<Past>()
        .fails::<PastError>()
        .lists_with::<PartnerRelationship, Ending>(
            "partners",
            "ending",
            "A page of the partners, and which of their grants end soon",
        ),
        at("GET /v1/subscriptions", "listSubscriptions", "List subscriptions")
            .takes::<subscriptions::Of>()
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<Subscription>("subscriptions", "A page of the subscriptions"),
        at("GET /v1/subscriptions/{subscription}", "readSubscription", "Read a subscription")
            .answers::<Subscription>("The subscription"),
        at("PUT /v1/subscriptions/{subscription}", "writeSubscription", "Register or change a subscription")
            .noun::<Subscription>("The subscription as it was, or is now", subscription)
            .fails::<SubscriptionError>(),
        at("POST /v1/import", "importLines", "Import everything at once")
            .answers::<Imported>("What was imported")
            .changes()
            .fails::<ImportError>()
            .lines_in::<Line>(&line),
        at("GET /v1/export", "exportLines", "Export everything").lines_out("Everything, one noun a line"),
        at("GET /v1/backup", "copyStore", "Copy the store, as `standing backup` writes it")
            .bytes_out("Every row of the store at one revision, with its end; keys and archive files are not in it"),
    ]
}

fn relationships() -> Vec<Described> {
    let acceptance = json!({ "customer": "adatum", "services": ["office365"] });
    vec![
        at(
            "GET /v1/partners/{partner}/relationship-request",
            "readRequest",
            "Read a partner's link and the email to send",
        )
        .takes::<WrittenIn>()
        .fails::<RequestError>()
        .never(&[StatusCode::UNPROCESSABLE_ENTITY])
        .answers::<RelationshipRequest>("The link and the email")
        .leads_to("readOffer", "token", "$response.body#/token")
        .leads_to("acceptRelationship", "token", "$response.body#/token"),
        at("POST /v1/partners/{partner}/relationship-request/email", "editRequest", "Have an edited email checked")
            .body::<EmailBody>(json!({ "paragraphs": ["Dear Adatum,"] }))
            .fails::<RequestError>()
            .answers::<Email>("The email as it may be sent"),
        at("GET /v1/relationship-requests/{token}", "readOffer", "Read who asks, and what accepting gives")
            .fails::<LinkError>()
            .never(&[StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY])
            .answers::<Offer>("Who asks, and what accepting gives"),
        at("POST /v1/relationship-requests/{token}/acceptance", "acceptRelationship", "Accept a relationship request")
            .answers::<Accepted>("What was granted, and who was displaced")
            .body::<AcceptanceBody>(acceptance)
            .changes()
            .fails::<LinkError>(),
        at(
            "DELETE /v1/customers/{customer}/partners/{partner}/delegated-administration",
            "removeFromPartner",
            "Remove delegated administration from one partner",
        )
        .takes::<Within>()
        .answers::<Removed>("What was removed")
        .changes()
        .fails::<RemovalError>(),
        at(
            "DELETE /v1/customers/{customer}/delegated-administration",
            "removeFromAll",
            "Remove delegated administration from all partners",
        )
        .takes::<Within>()
        .answers::<Removed>("What was removed")
        .changes()
        .fails::<RemovalError>(),
        at(
            "POST /v1/customers/{customer}/partners/{partner}/renegotiation",
            "renegotiate",
            "Propose or agree to end or reinstate a commercial relationship, or take a proposal back",
        )
        .answers::<Renegotiated>("How far it came")
        .body::<RenegotiationBody>(json!({ "by": "customer", "outcome": "end" }))
        .changes()
        .fails::<RenegotiationError>(),
        at("GET /v1/link-keys", "listLinkKeys", "List the keys links are signed with")
            .answers::<LinkKeyList>("The keys; the newest signs"),
        at("POST /v1/link-keys", "rotateLinkKey", "Sign links with a new key from now on")
            .fails::<LinksError>()
            .never(&[StatusCode::NOT_FOUND])
            .answers::<LinkKeyList>("The keys; the newest signs")
            .leads_to("retireLinkKey", "key", "$response.body#/keys/1/id"),
        at("DELETE /v1/link-keys/{key}", "retireLinkKey", "Refuse the links of a key")
            .fails::<LinksError>()
            .answers::<LinkKeyList>("The keys; the newest signs"),
    ]
}

fn remembering() -> Vec<Described> {
    let changes = json!({ "changes": [
        { "accept": { "partner": "contoso", "customer": "adatum", "services": ["office365"] } },
        { "remove": { "customer": "adatum", "partner": "fabrikam" } },
    ] });
    vec![
        at("POST /v1/what-if", "tryChanges", "Try changes without making them")
            .body::<WhatIfBody>(changes)
            .fails::<WhatIfError>()
            .answers::<Delta>("Every decision that would be gained or lost"),
        at("POST /v1/customers/{customer}/what-if", "tryChangesOfCustomer", "Try what a customer may do itself")
            .body::<CustomerWhatIfBody>(json!({ "changes": [{ "remove": { "partner": "contoso" } }] }))
            .fails::<WhatIfError>()
            .answers::<OwnDelta>("What each change would do, and every decision that would be gained or lost"),
        at("POST /v1/partners/{partner}/what-if", "tryChangesOfPartner", "Try what a partner may do itself")
            .body::<PartnerWhatIfBody>(
                json!({ "changes": [{ "renegotiate": { "customer": "adatum", "outcome": "end" } }] }),
            )
            .fails::<WhatIfError>()
            .answers::<OwnDelta>("What each change would do, and every decision of its own that would turn"),
        at("GET /v1/changes", "listChanges", "Read the journal, or follow it")
            .takes::<changes::Which>()
            .takes_header("Last-Event-ID")
            .fails::<ChangesError>()
            .answers::<ChangesPage>("A page of the changes; a page never splits a revision")
            .or_as("text/event-stream"),
        at("GET /v1/customers/{customer}/changes", "listCustomerChanges", "Read what happened to a customer")
            .fails::<ListError>()
            .lists::<OwnChange>("changes", "A page of the events that name it, the newest first"),
        at("GET /v1/partners/{partner}/changes", "listPartnerChanges", "Read what happened to a partner")
            .fails::<ListError>()
            .lists::<OwnChange>("changes", "A page of the events that name it, the newest first; none names another"),
        at("GET /v1/decisions", "listDecisions", "Find records by any of their fields")
            .takes::<Filters>()
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists_recorded::<Record>("decisions", "A page of the records; as CSV, all of them")
            .or_as("text/csv"),
        at("GET /v1/decisions/{seq}", "readDecision", "Read the record of a decision")
            .fails::<LedgerError>()
            .answers::<Record>("The record"),
        at("GET /v1/decisions/{seq}/proof", "proveDecision", "Read a record with the proof that it is in the ledger")
            .fails::<LedgerError>()
            .lines_out("Three lines: the record, its inclusion proof, and the signed head of the ledger"),
        at("GET /v1/ledger/checkpoint", "readCheckpoint", "Read the signed head of the ledger")
            .fails::<LedgerError>()
            .never(&[StatusCode::NOT_FOUND])
            .answers::<SignedCheckpoint>("The size and the root of the ledger, signed")
            .or_as("text/plain"),
        at("GET /v1/ledger/checkpoints", "listCheckpoints", "List the signed heads that are kept")
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<KeptCheckpoint>("checkpoints", "A page of the signed heads, the newest first"),
        at("GET /v1/ledger/proof", "proveInclusion", "Prove that a record is in the ledger")
            .takes::<ledger::Inclusion>()
            .fails::<LedgerError>()
            .answers::<InclusionProof>("The audit path of RFC 9162 from the record's leaf to the root"),
        at("GET /v1/ledger/consistency", "proveConsistency", "Prove that the ledger only grew")
            .takes::<ledger::Consistency>()
            .fails::<LedgerError>()
            .answers::<ConsistencyProof>("The proof of RFC 9162 that one tree is the beginning of the other"),
        at("GET /v1/ledger/verification", "verifyLedger", "Verify the whole ledger")
            .lines_out("How far it is, a line every so many records, and at last `result`: what was found"),
        at("GET /v1/ledger/export", "exportLedger", "Export the ledger, to be verified outside")
            .takes::<ledger::Masked>()
            .lines_out("One record a line, with its exact bytes and its hash, and a signed checkpoint at the end"),
        at("POST /v1/ledger/archive", "archiveLedger", "Move old records to archive files")
            .takes::<ledger::Old>()
            .fails::<LedgerError>()
            .never(&[StatusCode::NOT_FOUND])
            .answers::<Archived>("What was moved, and where to"),
        at("POST /v1/decisions/{seq}/replay", "replayDecision", "Decide a record again")
            .takes::<Rules>()
            .fails::<ReplayError>()
            .never(&[StatusCode::UNPROCESSABLE_ENTITY])
            .answers::<Replayed>("What was decided then and is decided now, or what is missing to do so"),
        at("POST /v1/decisions/replay", "replayDecisions", "Decide the ledger again")
            .body::<ReplayBody>(json!({ "rules": "current", "from": 1 }))
            .fails::<ReplayError>()
            .never(&[StatusCode::NOT_FOUND])
            .lines_out("A line for each record that came to something else, and the totals on the last"),
        at("GET /v1/access-review", "reviewAccess", "Review who may do what")
            .takes::<access_review::Of>()
            .takes::<Past>()
            .fails::<AccessReviewError>()
            .lists_recorded::<Access>("access", "A page of the review; as CSV or HTML, the whole of it")
            .or_as("text/csv")
            .or_as("text/html"),
    ]
}

fn tokens() -> Vec<Described> {
    vec![
        at("GET /v1/tokens", "listTokens", "List access tokens")
            .answers::<TokenList>("Every token, without its secret"),
        at("POST /v1/tokens", "createToken", "Create an access token")
            .body::<TokenBody>(json!({ "role": "partner", "for": "contoso" }))
            .fails::<TokenError>()
            .never(&[StatusCode::NOT_FOUND, StatusCode::CONFLICT])
            .answered::<IssuedToken>(StatusCode::CREATED, "The token; it is shown only this once")
            .leads_to("revokeToken", "token", "$response.body#/id"),
        at("POST /v1/tokens/{token}/rotation", "rotateToken", "Replace an access token; both are good for a while")
            .body::<RotationBody>(json!({ "overlap": "1h" }))
            .fails::<TokenError>()
            .answered::<IssuedToken>(StatusCode::CREATED, "The new token; it is shown only this once"),
        at("DELETE /v1/tokens/{token}", "revokeToken", "Revoke an access token")
            .fails::<TokenError>()
            .never(&[StatusCode::UNPROCESSABLE_ENTITY, StatusCode::CONFLICT])
            .answers::<TokenSummary>("The token as it is listed"),
        at("GET /v1/sessions", "listSessions", "List the sessions of people on the pages")
            .answers::<SessionList>("Every open session, without its secret"),
        at("DELETE /v1/sessions", "endSessionsOfPerson", "End every session of a person on the pages")
            .takes::<Whose>()
            .answers::<EndedSessions>("Which were ended"),
        at("DELETE /v1/sessions/{session}", "endSession", "End a session of somebody on the pages")
            .fails::<EndError>()
            .answers::<SessionSummary>("The session as it is listed"),
    ]
}

fn running() -> Vec<Described> {
    let version = text().description(Some("The version of OpenAPI it is written in"));
    let document = ObjectBuilder::new().property("openapi", version).required("openapi");
    vec![
        at("GET /", "readFrontDoor", "Read what there is")
            .answers::<Index>("What there is, and where")
            .or_as("text/plain"),
        at("GET /healthz", "readHealth", "Is it alive?").answers::<Health>("It is"),
        at("GET /readyz", "readReadiness", "Is it ready?")
            .problem(StatusCode::SERVICE_UNAVAILABLE)
            .answers::<Readiness>("It is"),
        at("GET /metrics", "readMetrics", "Read figures, in the text form of Prometheus")
            .problem(StatusCode::SERVICE_UNAVAILABLE)
            .answers_as("application/openmetrics-text", text(), "The figures; none names a partner or a customer")
            .or_as("text/plain"),
        at("GET /openapi.json", "readDocument", "Read this document").answers_as(JSON, document, "This document"),
    ]
}
