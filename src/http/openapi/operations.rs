//! Every operation, in the order of the table of routes.

use serde_json::json;
use warp::http::{Method, StatusCode};

use super::super::decisions::ReplayBody;
use super::super::relationships::{AcceptanceBody, EmailBody, RenegotiationBody};
use super::super::root::FrontDoor;
use super::super::running::Readiness;
use super::super::tokens::TokenBody;
use super::super::what_if::WhatIfBody;
use super::bodies::{
    ActionSearch, Configuration, DecisionRecord, Document, Evaluation, EvaluationRequest, EvaluationsAnswer,
    EvaluationsRequest, Health, LinkKeyList, ResourceSearch, SearchAnswer, SubjectSearch, TokenList,
};
use super::filters::DECISION_FILTERS;
use super::parts::{Described, at};
use super::publishing;
use crate::answer::ask::AskError;
use crate::answer::pages::{CustomerListItem, Ending, PartnerRelationship, PastError};
use crate::answer::search::SearchError;
use crate::answer::what_if::{Delta, WhatIfError};
use crate::change::acceptance::Accepted;
use crate::change::import::{ImportError, Imported};
use crate::change::line::Line;
use crate::change::registration::{CustomerError, PartnerError, SubscriptionError};
use crate::change::relationship::{LinkError, Offer, Request, RequestError};
use crate::change::removal::{RemovalError, Removed};
use crate::change::renegotiation::{Renegotiated, RenegotiationError};
use crate::change::tokens::{IssuedToken, TokenError, TokenSummary};
use crate::domain::customer::Customer;
use crate::domain::invitation::Email;
use crate::domain::partner::Partner;
use crate::domain::subscription::Subscription;
use crate::evidence::access_review::{Access, AccessReviewError};
use crate::evidence::changes::{ChangesError, ChangesPage};
use crate::evidence::ledger::{Archived, ConsistencyProof, InclusionProof, LedgerError, SignedCheckpoint};
use crate::evidence::replay::{ReplayError, Replayed};
use crate::pdp::links::LinksError;
use crate::pdp::page::ListError;

const HYPOTHETICAL: &str = "`true` where other rules decided than were in force at the moment it is about; else absent";
const BASIS: &[&str] = &["asOf", "rules", "atLeast", "explain"];

pub(super) fn operations() -> Vec<Described> {
    [asking(), telling(), relationships(), remembering(), publishing::operations(), running()]
        .into_iter()
        .flatten()
        .collect()
}

fn asking() -> Vec<Described> {
    const TAG: &str = "asking";
    let question = json!({
        "subject": { "type": "Partner", "id": "contoso" },
        "action": { "name": "removeSeats" },
        "resource": { "type": "Subscription", "id": "s-office" },
    });
    let questions = json!({
        "subject": { "type": "Partner", "id": "contoso" },
        "resource": { "type": "Subscription", "id": "s-office" },
        "evaluations": [{ "action": { "name": "removeSeats" } }, { "action": { "name": "provision" } }],
    });
    let who = json!({
        "subject": { "type": "Partner" },
        "action": { "name": "removeSeats" },
        "resource": { "type": "Subscription", "id": "s-office" },
    });
    let to_what = json!({
        "subject": { "type": "Partner", "id": "contoso" },
        "action": { "name": "removeSeats" },
        "resource": { "type": "Subscription" },
        "page": { "limit": 2 },
    });
    let what = json!({
        "subject": { "type": "Partner", "id": "contoso" },
        "resource": { "type": "Subscription", "id": "s-office" },
    });
    vec![
        at(Method::POST, "/access/v1/evaluation", TAG, "evaluate", "Ask one question")
            .takes(BASIS)
            .body::<EvaluationRequest>(question)
            .fails::<AskError>()
            .answers::<Evaluation>("The answer, a no as well")
            .header("Standing-Rules", "The digest of the rules")
            .header("Standing-Hypothetical", HYPOTHETICAL),
        at(Method::POST, "/access/v1/evaluations", TAG, "evaluateAll", "Ask many questions at once")
            .takes(BASIS)
            .body::<EvaluationsRequest>(questions)
            .fails::<AskError>()
            .answers::<EvaluationsAnswer>("The answers in the order of the questions")
            .header("Standing-Rules", "The digest of the rules")
            .header("Standing-Hypothetical", HYPOTHETICAL),
        at(Method::POST, "/access/v1/search/subject", TAG, "searchSubjects", "Ask who may do it")
            .takes(BASIS)
            .body::<SubjectSearch>(who)
            .fails::<SearchError>()
            .answers::<SearchAnswer>("Who may")
            .header("Standing-Rules", "The digest of the rules")
            .header("Standing-Hypothetical", HYPOTHETICAL),
        at(Method::POST, "/access/v1/search/resource", TAG, "searchResources", "Ask to what it may be done")
            .takes(BASIS)
            .body::<ResourceSearch>(to_what)
            .fails::<SearchError>()
            .answers::<SearchAnswer>("To what")
            .header("Standing-Rules", "The digest of the rules")
            .header("Standing-Hypothetical", HYPOTHETICAL),
        at(Method::POST, "/access/v1/search/action", TAG, "searchActions", "Ask what may be done")
            .takes(BASIS)
            .body::<ActionSearch>(what)
            .fails::<SearchError>()
            .answers::<SearchAnswer>("What may be done")
            .header("Standing-Rules", "The digest of the rules")
            .header("Standing-Hypothetical", HYPOTHETICAL),
        at(Method::GET, "/.well-known/authzen-configuration", TAG, "readConfiguration", "Read where to ask")
            .answers::<Configuration>("Where to ask"),
    ]
}

fn telling() -> Vec<Described> {
    const TAG: &str = "telling";
    let partner = json!({ "name": "Contoso Cloud", "kind": "directBill", "status": "active", "mpnId": "mpn-contoso" });
    let customer = json!({ "name": "Adatum School", "domain": "adatum.example" });
    let subscription = json!({
        "customer": "adatum", "service": "office365", "originalReseller": "contoso", "quantity": 25, "status": "active",
    });
    vec![
        at(Method::GET, "/v1/partners", TAG, "listPartners", "List partners")
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<Partner>("partners", "A page of the partners, in the order of their ids"),
        at(Method::GET, "/v1/partners/{partner}", TAG, "readPartner", "Read a partner")
            .problem(StatusCode::NOT_FOUND)
            .answers::<Partner>("The partner")
            .read_if_new(),
        at(Method::PUT, "/v1/partners/{partner}", TAG, "writePartner", "Register or change a partner")
            .answers::<Partner>("The partner as it was, or is now")
            .noun::<Partner>(partner)
            .changes()
            .fails::<PartnerError>(),
        at(Method::GET, "/v1/partners/{partner}/customers", TAG, "readCustomerList", "Read a partner's customer list")
            .takes(&["asOf"])
            .fails::<PastError>()
            .lists::<CustomerListItem>("customers", "A page of the customers, and what the partner holds of each"),
        at(Method::GET, "/v1/customers", TAG, "listCustomers", "List customers")
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<Customer>("customers", "A page of the customers, in the order of their ids"),
        at(Method::GET, "/v1/customers/{customer}", TAG, "readCustomer", "Read a customer")
            .problem(StatusCode::NOT_FOUND)
            .answers::<Customer>("The customer")
            .read_if_new(),
        at(Method::PUT, "/v1/customers/{customer}", TAG, "writeCustomer", "Register or change a customer")
            .answers::<Customer>("The customer as it was, or is now")
            .noun::<Customer>(customer)
            .changes()
            .fails::<CustomerError>(),
        at(
            Method::GET,
            "/v1/customers/{customer}/partners",
            TAG,
            "readPartnerRelationships",
            "Read a customer's Partner Relationships page",
        )
        .takes(&["endingWithin", "asOf"])
        .fails::<PastError>()
        .lists_with::<PartnerRelationship, Ending>(
            "partners",
            "ending",
            "A page of the partners, and which of their grants end soon",
        ),
        at(Method::GET, "/v1/subscriptions", TAG, "listSubscriptions", "List subscriptions")
            .takes(&["ofCustomer", "ofPartner"])
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<Subscription>("subscriptions", "A page of the subscriptions"),
        at(Method::GET, "/v1/subscriptions/{subscription}", TAG, "readSubscription", "Read a subscription")
            .problem(StatusCode::NOT_FOUND)
            .answers::<Subscription>("The subscription")
            .read_if_new(),
        at(
            Method::PUT,
            "/v1/subscriptions/{subscription}",
            TAG,
            "writeSubscription",
            "Register or change a subscription",
        )
        .answers::<Subscription>("The subscription as it was, or is now")
        .noun::<Subscription>(subscription)
        .changes()
        .fails::<SubscriptionError>(),
    ]
}

fn relationships() -> Vec<Described> {
    const TAG: &str = "relationships";
    const REQUEST: &str = "/v1/partners/{partner}/relationship-request";
    let acceptance = json!({ "customer": "adatum", "services": ["office365"] });
    vec![
        at(Method::GET, REQUEST, TAG, "readRequest", "Read a partner's link and the email to send")
            .fails::<RequestError>()
            .never(&[StatusCode::UNPROCESSABLE_ENTITY])
            .answers::<Request>("The link and the email")
            .leads_to("readOffer", "token", "$response.body#/token")
            .leads_to("acceptRelationship", "token", "$response.body#/token"),
        at(
            Method::POST,
            "/v1/partners/{partner}/relationship-request/email",
            TAG,
            "editRequest",
            "Have an edited email checked",
        )
        .body::<EmailBody>(json!({ "paragraphs": ["Dear Adatum,"] }))
        .fails::<RequestError>()
        .answers::<Email>("The email as it may be sent"),
        at(
            Method::GET,
            "/v1/relationship-requests/{token}",
            TAG,
            "readOffer",
            "Read who asks, and what accepting gives",
        )
        .fails::<LinkError>()
        .never(&[StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY])
        .answers::<Offer>("Who asks, and what accepting gives"),
        at(
            Method::POST,
            "/v1/relationship-requests/{token}/acceptance",
            TAG,
            "acceptRelationship",
            "Accept a relationship request",
        )
        .answers::<Accepted>("What was granted, and who was displaced")
        .body::<AcceptanceBody>(acceptance)
        .changes()
        .fails::<LinkError>(),
        at(
            Method::DELETE,
            "/v1/customers/{customer}/partners/{partner}/delegated-administration",
            TAG,
            "removeFromPartner",
            "Remove delegated administration from one partner",
        )
        .takes(&["service"])
        .answers::<Removed>("What was removed")
        .changes()
        .fails::<RemovalError>(),
        at(
            Method::DELETE,
            "/v1/customers/{customer}/delegated-administration",
            TAG,
            "removeFromAll",
            "Remove delegated administration from all partners",
        )
        .takes(&["service"])
        .answers::<Removed>("What was removed")
        .changes()
        .fails::<RemovalError>(),
        at(
            Method::POST,
            "/v1/customers/{customer}/partners/{partner}/renegotiation",
            TAG,
            "renegotiate",
            "Propose or agree to end or reinstate a commercial relationship, or take a proposal back",
        )
        .answers::<Renegotiated>("How far it came")
        .body::<RenegotiationBody>(json!({ "by": "customer", "outcome": "end" }))
        .changes()
        .fails::<RenegotiationError>(),
    ]
}

fn remembering() -> Vec<Described> {
    let changes = json!({ "changes": [
        { "accept": { "partner": "contoso", "customer": "adatum", "services": ["office365"] } },
        { "remove": { "customer": "adatum", "partner": "fabrikam" } },
    ] });
    let line = json!({ "noun": "customer", "id": "adatum", "name": "Adatum School" });
    vec![
        at(Method::POST, "/v1/what-if", "remembering", "tryChanges", "Try changes without making them")
            .body::<WhatIfBody>(changes)
            .fails::<WhatIfError>()
            .answers::<Delta>("Every decision that would be gained or lost"),
        at(Method::GET, "/v1/changes", "remembering", "listChanges", "Read the journal, or follow it")
            .takes(&["after", "limit", "from", "to", "ofCustomer", "aboutPartner", "ofEvent", "lastEventId"])
            .fails::<ChangesError>()
            .answers::<ChangesPage>("A page of the changes; a page never splits a revision")
            .or_as("text/event-stream"),
        at(Method::POST, "/v1/import", "telling", "importLines", "Import everything at once")
            .answers::<Imported>("What was imported")
            .changes()
            .fails::<ImportError>()
            .lines_in::<Line>(&line),
        at(Method::GET, "/v1/export", "telling", "exportLines", "Export everything")
            .lines_out("Everything, one noun a line"),
        at(Method::GET, "/v1/decisions", "remembering", "listDecisions", "Find records by any of their fields")
            .takes(DECISION_FILTERS)
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists_recorded::<DecisionRecord>("decisions", "A page of the records; as CSV, all of them")
            .or_as("text/csv"),
        at(Method::GET, "/v1/decisions/{seq}", "remembering", "readDecision", "Read the record of a decision")
            .fails::<LedgerError>()
            .answers::<DecisionRecord>("The record"),
        at(
            Method::GET,
            "/v1/decisions/{seq}/proof",
            "remembering",
            "proveDecision",
            "Read a record with the proof that it is in the ledger",
        )
        .fails::<LedgerError>()
        .lines_out("Three lines: the record, its inclusion proof, and the signed head of the ledger"),
        at(Method::GET, "/v1/ledger/checkpoint", "remembering", "readCheckpoint", "Read the signed head of the ledger")
            .fails::<LedgerError>()
            .never(&[StatusCode::NOT_FOUND])
            .answers::<SignedCheckpoint>("The size and the root of the ledger, signed")
            .or_as("text/plain"),
        at(Method::GET, "/v1/ledger/proof", "remembering", "proveInclusion", "Prove that a record is in the ledger")
            .takes(&["ofRecord", "size"])
            .fails::<LedgerError>()
            .answers::<InclusionProof>("The audit path of RFC 9162 from the record's leaf to the root"),
        at(Method::GET, "/v1/ledger/consistency", "remembering", "proveConsistency", "Prove that the ledger only grew")
            .takes(&["fromSize", "toSize"])
            .fails::<LedgerError>()
            .answers::<ConsistencyProof>("The proof of RFC 9162 that one tree is the beginning of the other"),
        at(Method::GET, "/v1/ledger/verification", "remembering", "verifyLedger", "Verify the whole ledger")
            .lines_out("How far it is, a line every so many records, and at last `result`: what was found"),
        at(
            Method::GET,
            "/v1/ledger/export",
            "remembering",
            "exportLedger",
            "Export the ledger, to be verified outside",
        )
        .takes(&["mask"])
        .lines_out("One record a line, with its exact bytes and its hash, and a signed checkpoint at the end"),
        at(Method::POST, "/v1/ledger/archive", "remembering", "archiveLedger", "Move old records to archive files")
            .takes(&["olderThan", "before"])
            .fails::<LedgerError>()
            .never(&[StatusCode::NOT_FOUND])
            .answers::<Archived>("What was moved, and where to"),
        at(Method::POST, "/v1/decisions/{seq}/replay", "remembering", "replayDecision", "Decide a record again")
            .takes(&["rules"])
            .fails::<ReplayError>()
            .never(&[StatusCode::UNPROCESSABLE_ENTITY])
            .answers::<Replayed>("What was decided then and is decided now, or what is missing to do so"),
        at(Method::POST, "/v1/decisions/replay", "remembering", "replayDecisions", "Decide the ledger again")
            .body::<ReplayBody>(json!({ "rules": "current", "from": 1 }))
            .fails::<ReplayError>()
            .never(&[StatusCode::NOT_FOUND])
            .lines_out("A line for each record that came to something else, and the totals on the last"),
        at(Method::GET, "/v1/access-review", "remembering", "reviewAccess", "Review who may do what")
            .takes(&["ofCustomer", "ofPartner", "asOf", "format"])
            .fails::<AccessReviewError>()
            .lists_recorded::<Access>("access", "A page of the review; as CSV or HTML, the whole of it")
            .or_as("text/csv")
            .or_as("text/html"),
        at(Method::GET, "/v1/tokens", "tokens", "listTokens", "List access tokens")
            .answers::<TokenList>("Every token, without its secret"),
        at(Method::POST, "/v1/tokens", "tokens", "createToken", "Create an access token")
            .body::<TokenBody>(json!({ "role": "partner", "for": "contoso" }))
            .fails::<TokenError>()
            .never(&[StatusCode::NOT_FOUND])
            .answered::<IssuedToken>(StatusCode::CREATED, "The token; it is shown only this once")
            .leads_to("revokeToken", "token", "$response.body#/id"),
        at(Method::DELETE, "/v1/tokens/{token}", "tokens", "revokeToken", "Revoke an access token")
            .fails::<TokenError>()
            .never(&[StatusCode::UNPROCESSABLE_ENTITY])
            .answers::<TokenSummary>("The token as it is listed"),
        at(Method::GET, "/v1/link-keys", "relationships", "listLinkKeys", "List the keys links are signed with")
            .answers::<LinkKeyList>("The keys; the newest signs"),
        at(Method::POST, "/v1/link-keys", "relationships", "rotateLinkKey", "Sign links with a new key from now on")
            .fails::<LinksError>()
            .never(&[StatusCode::NOT_FOUND])
            .answers::<LinkKeyList>("The keys; the newest signs")
            .leads_to("retireLinkKey", "key", "$response.body#/keys/1/id"),
        at(Method::DELETE, "/v1/link-keys/{key}", "relationships", "retireLinkKey", "Refuse the links of a key")
            .fails::<LinksError>()
            .answers::<LinkKeyList>("The keys; the newest signs"),
    ]
}

fn running() -> Vec<Described> {
    const TAG: &str = "running";
    vec![
        at(Method::GET, "/", TAG, "readFrontDoor", "Read what there is")
            .answers::<FrontDoor>("What there is, and where")
            .or_as("text/plain"),
        at(Method::GET, "/healthz", TAG, "readHealth", "Is it alive?").answers::<Health>("It is"),
        at(Method::GET, "/readyz", TAG, "readReadiness", "Is it ready?")
            .problem(StatusCode::SERVICE_UNAVAILABLE)
            .answers::<Readiness>("It is"),
        at(Method::GET, "/metrics", TAG, "readMetrics", "Read figures, in the text form of Prometheus")
            .problem(StatusCode::SERVICE_UNAVAILABLE)
            .answers_text("application/openmetrics-text", "The figures; none names a partner or a customer")
            .or_as("text/plain"),
        at(Method::GET, "/openapi.json", TAG, "readDocument", "Read this document")
            .answers::<Document>("This document"),
    ]
}
