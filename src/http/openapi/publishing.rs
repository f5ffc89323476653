//! The operations about the rules.

use serde_json::json;
use warp::http::{Method, StatusCode};

use super::super::rules::{ApprovalBody, ProposalBody, ReviewBody, RollbackBody};
use super::bodies::Evidence;
use super::parts::{Described, at};
use crate::pdp::page::ListError;
use crate::pdp::rules::example_rules;
use crate::publish::told::{KeptRules, RulesEntry, RulesStatus};
use crate::publish::{ProposalTold, PublishError};

pub(super) fn operations() -> Vec<Described> {
    const TAG: &str = "rules";
    let files = example_rules();
    let proposal = json!({ "files": files, "title": "Bills for everybody", "why": "they ask for them" });
    vec![
        at(Method::GET, "/v1/rules", TAG, "readRules", "Read what decides now, and since when")
            .answers::<RulesStatus>("The rules in force, and what is to take their place or was refused"),
        at(Method::GET, "/v1/rules/history", TAG, "listRules", "List the rules that came in force")
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<RulesEntry>("history", "A page of what came in force, oldest first"),
        at(Method::POST, "/v1/rules/review", TAG, "reviewRules", "Have rules reviewed; nothing is put in force")
            .body::<ReviewBody>(json!({ "files": files }))
            .fails::<PublishError>()
            .never(&[StatusCode::NOT_FOUND, StatusCode::CONFLICT])
            .answers::<Evidence>("What is known of them, also where they are refused")
            .or_as("application/x-ndjson"),
        at(Method::GET, "/v1/rules/proposals", TAG, "listProposals", "List proposals")
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<ProposalTold>("proposals", "A page of the proposals, oldest first"),
        at(Method::POST, "/v1/rules/proposals", TAG, "proposeRules", "Propose rules")
            .answered::<ProposalTold>(StatusCode::CREATED, "The proposal, with what is known of it")
            .body::<ProposalBody>(proposal)
            .changes()
            .fails::<PublishError>()
            .never(&[StatusCode::NOT_FOUND])
            .leads_to("readProposal", "proposal", "$response.body#/id")
            .leads_to("approveRules", "proposal", "$response.body#/id")
            .leads_to("withdrawProposal", "proposal", "$response.body#/id"),
        at(Method::GET, "/v1/rules/proposals/{proposal}", TAG, "readProposal", "Read a proposal with its files")
            .problem(StatusCode::NOT_FOUND)
            .answers::<ProposalTold>("The proposal"),
        at(Method::DELETE, "/v1/rules/proposals/{proposal}", TAG, "withdrawProposal", "Take a proposal back")
            .answers::<ProposalTold>("The proposal as it is now")
            .changes()
            .fails::<PublishError>(),
        at(
            Method::POST,
            "/v1/rules/proposals/{proposal}/approval",
            TAG,
            "approveRules",
            "Approve what somebody else proposed; it comes in force at once or when it is to",
        )
        .answers::<ProposalTold>("The proposal as it is now")
        .body_or_none::<ApprovalBody>(json!({ "unproved": "no solver on this machine, and the table was read" }))
        .changes()
        .fails::<PublishError>(),
        at(Method::POST, "/v1/rules/rollback", TAG, "rollBackRules", "Go back to rules that were in force before")
            .answers::<RulesEntry>("What is in force now: an emergency, within an hour, to the set of before")
            .answered::<ProposalTold>(StatusCode::CREATED, "A proposal of them, which waits for a second person")
            .body::<RollbackBody>(json!({ "to": "7bf31cfa9bba", "comment": "it refuses what it should allow" }))
            .changes()
            .fails::<PublishError>(),
        at(Method::GET, "/v1/rules/{digest}", TAG, "readRulesByDigest", "Read rules that are or were in force")
            .problem(StatusCode::NOT_FOUND)
            .answers::<KeptRules>("The rules with their files"),
    ]
}
