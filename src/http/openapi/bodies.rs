//! The shapes of bodies that handlers read and write member by member, for the document alone.
#![expect(dead_code, reason = "these are described and never made")]

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, Ref, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::answer::search::Found;
use crate::change::tokens::TokenSummary;
use crate::pdp::links::LinkKeySummary;

/// A subject or a resource.
#[derive(Serialize, ToSchema)]
pub(super) struct Entity {
    /// What it is, for example `Partner` or `Subscription`.
    #[serde(rename = "type")]
    kind: String,
    /// Which one it is.
    id: String,
    /// What the caller claims of it; never read for our own nouns, nor over what a world of its own stores.
    #[schema(value_type = Option<Object>)]
    properties: Option<Value>,
}

/// An action.
#[derive(Serialize, ToSchema)]
pub(super) struct Action {
    /// Which, for example `removeSeats`.
    name: String,
    /// What the caller claims of it.
    #[schema(value_type = Option<Object>)]
    properties: Option<Value>,
}

/// A question.
#[derive(Serialize, ToSchema)]
pub(super) struct EvaluationRequest {
    /// Who would do it.
    subject: Entity,
    /// What would be done.
    action: Action,
    /// To what.
    resource: Entity,
    /// The circumstances.
    #[schema(value_type = Option<Object>)]
    context: Option<Value>,
}

/// Many questions. An element without a subject, action, resource or context has the one given here; an element that
/// is no question is answered with a no.
#[derive(Serialize, ToSchema)]
pub(super) struct EvaluationsBatch {
    /// The default for elements without one.
    #[schema(value_type = Value, required = false)]
    subject: Option<Value>,
    /// The default for elements without one.
    #[schema(value_type = Value, required = false)]
    action: Option<Value>,
    /// The default for elements without one.
    #[schema(value_type = Value, required = false)]
    resource: Option<Value>,
    /// The default for elements without one.
    #[schema(value_type = Value, required = false)]
    context: Option<Value>,
    /// The questions; each has the members of a single one.
    #[schema(min_items = 1)]
    evaluations: Vec<Value>,
    /// How to go about it.
    options: Option<EvaluationsOptions>,
}

/// How to go about many questions.
#[derive(Serialize, ToSchema)]
pub(super) struct EvaluationsOptions {
    /// When to stop.
    evaluations_semantic: Option<EvaluationsSemantic>,
}

/// When many questions stop being answered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EvaluationsSemantic {
    /// Never: each is answered.
    ExecuteAll,
    /// After the first no.
    DenyOnFirstDeny,
    /// After the first yes.
    PermitOnFirstPermit,
}

/// Many questions, or a single one where `evaluations` is absent or empty.
pub(super) struct EvaluationsRequest;

impl PartialSchema for EvaluationsRequest {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new()
            .item(Ref::from_schema_name(EvaluationsBatch::name()))
            .item(Ref::from_schema_name(EvaluationRequest::name()))
            .into()
    }
}

impl ToSchema for EvaluationsRequest {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        EvaluationsBatch::schemas(schemas);
        EvaluationRequest::schemas(schemas);
        schemas.push((EvaluationsBatch::name().into_owned(), EvaluationsBatch::schema()));
        schemas.push((EvaluationRequest::name().into_owned(), EvaluationRequest::schema()));
    }
}

/// What is said beside a decision; empty members are left out.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionContext {
    /// Why it is a no: a code of a closed list.
    #[schema(nullable = false)]
    reason: Option<crate::decide::Reason>,
    /// The same in a sentence.
    #[schema(nullable = false)]
    message: Option<String>,
    /// The rules that decided.
    #[schema(nullable = false)]
    rules: Option<Vec<String>>,
    /// What the subject is to the resource, for example `originalReseller`.
    #[schema(nullable = false)]
    standing: Option<Vec<String>>,
    /// What the subject owes whatever the verdict, for example `provideSupport`.
    #[schema(nullable = false)]
    duties: Option<Vec<String>>,
    /// Only `true`: it was decided by other rules than were in force at the moment it is about.
    #[schema(nullable = false)]
    hypothetical: Option<bool>,
    /// What kind of no it is, when an explanation is asked for: `forbidden` by a rule, `notPermitted` by any,
    /// `unknown`, or `invalid`.
    #[schema(nullable = false)]
    refusal: Option<crate::decide::Refusal>,
    /// The smallest changes that would turn the answer round, when that was asked for.
    #[schema(nullable = false)]
    nearest: Option<Vec<crate::decide::Nearest>>,
}

/// The answer to a question.
#[derive(Serialize, ToSchema)]
pub(super) struct Evaluation {
    /// Is it allowed?
    decision: bool,
    /// Why, and what follows.
    context: DecisionContext,
}

/// The answer to one of many questions.
#[derive(Serialize, ToSchema)]
pub(super) struct EvaluationsElement {
    /// Is it allowed?
    decision: bool,
    /// As of a single answer, when an explanation is asked for; `{"error": {"status", "message"}}` wherever the element
    /// is no question.
    #[schema(value_type = Object)]
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
}

/// The answers to many questions, in their order, up to where it stopped.
#[derive(Serialize, ToSchema)]
pub(super) struct Evaluations {
    evaluations: Vec<EvaluationsElement>,
}

/// The answers to many questions, or to a single one.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EvaluationsAnswer {
    /// To many.
    Many(Evaluations),
    /// To a single one.
    Single(Evaluation),
}

/// The type that is searched.
#[derive(Serialize, ToSchema)]
pub(super) struct EntityType {
    /// For example `Partner`; an id beside it is ignored.
    #[serde(rename = "type")]
    kind: String,
}

/// Which page of a search.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchPageRequest {
    /// Where to go on: the `next_token` of the page before; empty for the first page.
    token: Option<String>,
    /// The most results on the page.
    limit: Option<u64>,
    /// Nothing is read of these; with a token they are the same as before or left out.
    #[schema(value_type = Option<Object>)]
    properties: Option<Value>,
}

/// Which subjects may do it?
#[derive(Serialize, ToSchema)]
pub(super) struct SubjectSearch {
    /// The type of the subjects.
    subject: EntityType,
    /// What they would do.
    action: Action,
    /// To what.
    resource: Entity,
    /// The circumstances.
    #[schema(value_type = Option<Object>)]
    context: Option<Value>,
    /// Which page.
    page: Option<SearchPageRequest>,
}

/// To which resources may it be done?
#[derive(Serialize, ToSchema)]
pub(super) struct ResourceSearch {
    /// Who would do it.
    subject: Entity,
    /// What would be done.
    action: Action,
    /// The type of the resources.
    resource: EntityType,
    /// The circumstances.
    #[schema(value_type = Option<Object>)]
    context: Option<Value>,
    /// Which page.
    page: Option<SearchPageRequest>,
}

/// What may be done?
#[derive(Serialize, ToSchema)]
pub(super) struct ActionSearch {
    /// By whom.
    subject: Entity,
    /// To what.
    resource: Entity,
    /// The circumstances.
    #[schema(value_type = Option<Object>)]
    context: Option<Value>,
    /// Which page.
    page: Option<SearchPageRequest>,
}

/// A page of what a search found.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchAnswer {
    /// Where to go on; only where there is a page to speak of.
    #[schema(nullable = false)]
    page: Option<SearchPageAnswer>,
    /// `{"decisions": [..]}`, one context a result; only when an explanation is asked for.
    #[schema(value_type = Object, required = false)]
    context: Option<Value>,
    /// What was found.
    results: Vec<Found>,
}

/// Where a search goes on.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchPageAnswer {
    /// The `token` of the next call; empty at the end.
    next_token: String,
    /// How many results are on this page.
    count: u64,
    /// How many there are in all, when this page holds them.
    #[schema(nullable = false)]
    total: Option<u64>,
}

/// Where to ask.
#[derive(Serialize, ToSchema)]
pub(super) struct Configuration {
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

/// The record of a decision, as it stands in the ledger, with its place there.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionRecord {
    /// The place in the ledger.
    seq: u64,
    /// The form of the record.
    v: u8,
    /// When it was decided.
    #[schema(value_type = String, format = DateTime)]
    at: String,
    /// Who asked.
    #[schema(value_type = Object)]
    caller: Value,
    /// The name of whoever asked, as it is now.
    #[schema(nullable = false)]
    #[serde(rename = "callerName")]
    caller_name: Option<String>,
    /// The record in a sentence, where that was asked for.
    #[schema(nullable = false)]
    words: Option<String>,
    /// `evaluation`, `search` or `call`.
    asked: String,
    /// What was asked.
    #[schema(value_type = Object)]
    question: Value,
    /// What was found.
    #[schema(value_type = Object)]
    facts: Value,
    /// The digest of the rules.
    rules: String,
    /// What evaluated them.
    engine: String,
    /// What they said.
    decision: bool,
    /// The hash of the record's leaf in the ledger's tree, in base64: `SHA-256(0x00 || record)`.
    hash: String,
    /// The archive file it was read from.
    #[schema(nullable = false)]
    archive: Option<String>,
}

/// Every access token, without its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenList {
    tokens: Vec<TokenSummary>,
    /// Is it all of them? It always is.
    complete: bool,
}

/// Every key that links are signed with.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkKeyList {
    keys: Vec<LinkKeySummary>,
    /// Is it all of them? It always is.
    complete: bool,
}

/// What an access token is created for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) enum TokenRole {
    /// May do everything.
    Operator,
    /// Tells facts and reads them.
    Registrar,
    /// Asks questions.
    Asker,
    /// Reads rules and tries changes.
    Reviewer,
    /// Reads everything.
    Auditor,
    /// A partner, for itself; `for` says which.
    Partner,
    /// A customer, for itself; `for` says which.
    Customer,
}

/// It is alive.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `alive`.
    status: String,
}

/// What is known of a candidate.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Evidence {
    /// The digest of the candidate.
    candidate: String,
    /// The digest of the rules it is compared with.
    in_force: String,
    /// `proved`, `notProved` or `refused`.
    outcome: String,
    /// What was found: path, line, column, message, hint, whether it is advice that refuses nothing, and `inForce` where
    /// the file stands so in the rules in force.
    #[schema(value_type = Vec<Object>)]
    findings: Vec<Value>,
    /// What became of each claim: what proved it, and a counterexample in plain words where it does not hold.
    #[schema(value_type = Option<Object>)]
    proofs: Option<Value>,
    /// The rows of the tables that turn, by action, `new` or `gone` where one set lacks it: loosened and tightened, each
    /// with all standings and a witness.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Value>,
    /// What a solver found to turn, by action, in the tables or beyond them.
    #[schema(value_type = Vec<Object>)]
    beyond: Vec<Value>,
    /// Who gains or loses what in the live world, counted and named.
    world: Option<crate::publish::difference::WorldDifference>,
}

/// This document.
#[derive(Serialize, ToSchema)]
pub(super) struct Document {
    /// The version of OpenAPI it is written in.
    openapi: String,
}
