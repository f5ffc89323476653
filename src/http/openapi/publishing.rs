//! The operations about the rules.

use serde_json::json;
use warp::http::StatusCode;

use super::super::rules::{ApprovalBody, Between, ProposalBody, RefusalBody, ReviewBody, RollbackBody};
use super::operation::{Described, at};
use crate::pdp::page::ListError;
use crate::pdp::rules::example_rules;
use crate::publish::report::{KeptRules, RulesEntry, RulesStatus};
use crate::publish::review::Evidence;
use crate::publish::rules_difference::RulesDifference;
use crate::publish::{ProposalReport, PublishError};

pub(super) fn operations() -> Vec<Described> {
    let files = example_rules();
    let proposal = json!({ "files": files, "title": "Bills for everybody", "why": "they ask for them" });
    vec![
        at("GET /v1/rules", "readRules", "Read what decides now, and since when")
            .answers::<RulesStatus>("The rules in force, and what is to take their place or was refused"),
        at("GET /v1/rules/history", "listRules", "List the rules that came in force")
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<RulesEntry>("history", "A page of what came in force, oldest first"),
        at("POST /v1/rules/review", "reviewRules", "Have rules reviewed; nothing is put in force")
            .body::<ReviewBody>(json!({ "files": files }))
            .fails::<PublishError>()
            .never(&[StatusCode::NOT_FOUND, StatusCode::CONFLICT])
            .answers::<Evidence>("What is known of them, also where they are refused")
            .or_as("application/x-ndjson"),
        at("GET /v1/rules/difference", "compareRules", "Read what two sets of rules that are kept answer differently")
            .takes::<Between>()
            .fails::<PublishError>()
            .never(&[StatusCode::UNPROCESSABLE_ENTITY])
            .answers::<RulesDifference>("The rows that turn, and who in the live world gains or loses what"),
        at("GET /v1/rules/proposals", "listProposals", "List proposals")
            .fails::<ListError>()
            .never(&[StatusCode::NOT_FOUND])
            .lists::<ProposalReport>("proposals", "A page of the proposals, oldest first"),
        at("POST /v1/rules/proposals", "proposeRules", "Propose rules")
            .answered::<ProposalReport>(StatusCode::CREATED, "The proposal, with what is known of it")
            .body::<ProposalBody>(proposal)
            .changes()
            .fails::<PublishError>()
            .never(&[StatusCode::NOT_FOUND])
            .leads_to("readProposal", "proposal", "$response.body#/id")
            .leads_to("approveRules", "proposal", "$response.body#/id")
            .leads_to("withdrawProposal", "proposal", "$response.body#/id"),
        at("GET /v1/rules/proposals/{proposal}", "readProposal", "Read a proposal with its files")
            .problem(StatusCode::NOT_FOUND)
            .answers::<ProposalReport>("The proposal"),
        at("DELETE /v1/rules/proposals/{proposal}", "withdrawProposal", "Take a proposal back")
            .answers::<ProposalReport>("The proposal as it is now")
            .changes()
            .fails::<PublishError>(),
        at(
            "POST /v1/rules/proposals/{proposal}/approval",
            "approveRules",
            "Approve what somebody else proposed; it comes in force at once or when it is to",
        )
        .answers::<ProposalReport>("The proposal as it is now")
        .body::<ApprovalBody>(json!({ "unproved": "no solver on this machine, and the table was read" }))
        .changes()
        .fails::<PublishError>(),
        at("POST /v1/rules/proposals/{proposal}/refusal", "refuseRules", "Say no to what somebody else proposed")
            .answers::<ProposalReport>("The proposal as it is now")
            .body::<RefusalBody>(json!({ "why": "it lets a suspended partner sell" }))
            .changes()
            .fails::<PublishError>(),
        at("POST /v1/rules/rollback", "rollBackRules", "Go back to rules that were in force before")
            .answers::<RulesEntry>("What is in force now: an emergency, within an hour, to the set of before")
            .answered::<ProposalReport>(StatusCode::CREATED, "A proposal of them, which waits for a second person")
            .body::<RollbackBody>(json!({ "to": "7bf31cfa9bba", "comment": "it refuses what it should allow" }))
            .changes()
            .fails::<PublishError>(),
        at("GET /v1/rules/{digest}", "readRulesByDigest", "Read rules that are or were in force")
            .problem(StatusCode::NOT_FOUND)
            .answers::<KeptRules>("The rules with their files"),
    ]
}
