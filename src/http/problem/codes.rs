//! Every code a problem can have.

use std::collections::BTreeSet;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Problem;
use crate::decide::Reason;

/// The codes of everything that can go wrong besides a refusal by the rules, whose code is its reason. A test holds
/// that each code that stands in the sources stands here.
const CODES: &str = "
    activation_time_passed already_in_force already_registered already_scheduled already_so ambiguous_digest
    approval_lapsed archive_unusable batch_too_large body_not_taken body_too_large body_too_slow checkpoint_unsigned
    clock_disagrees commercial_relationship_ended content_encoding content_type disk_full does_not_sell draft_changed
    draft_conflicts draft_too_large end_date_passed ending_changed fixed_at_creation foreign_origin has_sold
    header_not_taken idempotency_key_reused incomplete_body internal invalid_body invalid_change invalid_cursor
    invalid_customer invalid_email invalid_host invalid_id invalid_idempotency_key invalid_if_match
    invalid_if_none_match invalid_json invalid_line invalid_link_key invalid_name invalid_number invalid_overlap
    invalid_page_token invalid_parameter invalid_partner invalid_path invalid_request invalid_rule_file invalid_rules
    invalid_subscription invalid_text ledger_damaged link_keys_unusable link_missing link_repeated link_touched
    may_not_go_on may_not_request method_not_allowed missing_parameter no_commercial_relationship no_conflict
    no_history no_person no_randomness no_review no_role no_service no_such_route not_acceptable not_as_expected
    not_comparable not_compared not_its_sale not_proved not_tls not_yet nothing_proposed nothing_unproved other_base
    other_types parent_is_add_on parent_not_active parent_of_another_customer person_needed proposal_closed
    quota_reached record_not_in_tree repeated_parameter revision_moved revision_not_reached rules_come_from_files
    rules_do_not_load rules_moved rules_refused same_hand same_identity second_transacting_partner service_held
    session_ended several_roles size_beyond_ledger sizes_backwards status_cannot_become status_not_its_own token_ended
    too_many_administrators too_many_changes too_many_connections too_many_drafts too_many_editors
    too_many_evaluations too_many_proposals too_many_services too_many_wrong_credentials too_much_to_compare
    took_too_long unauthenticated unavailable unknown_customer unknown_decision unknown_draft unknown_link
    unknown_parameter unknown_parent unknown_partner unknown_proposal unknown_rule_file unknown_rules unknown_service
    unknown_session unknown_speaker unknown_subscription unknown_token unreadable_lines";

/// The codes that say that a limit was reached, each with the limit's name.
const LIMITS: [(&str, &str); 16] = [
    ("batch_too_large", "batch_bytes"),
    ("body_too_large", "body_bytes"),
    ("body_too_slow", "body_time"),
    ("disk_full", "disk_reserve"),
    ("draft_too_large", "draft_bytes"),
    ("took_too_long", "long_seconds"),
    ("too_many_administrators", "administrators"),
    ("too_many_changes", "what_if_changes"),
    ("too_many_connections", "connections"),
    ("too_many_drafts", "drafts"),
    ("too_many_editors", "draft_editors"),
    ("too_many_evaluations", "evaluations"),
    ("too_many_proposals", "open_proposals"),
    ("too_many_services", "accepted_services"),
    ("too_many_wrong_credentials", "wrong_credentials"),
    ("too_much_to_compare", "what_if_pairs"),
];

impl Problem {
    /// The name of the limit that was reached, if that is what went wrong.
    pub(in super::super) fn limit(&self) -> Option<&'static str> {
        LIMITS.iter().find_map(|(code, limit)| (*code == self.0.code).then_some(*limit))
    }
}

/// The code of a problem, as the document describes it.
pub(in super::super) struct ProblemCode;

impl PartialSchema for ProblemCode {
    fn schema() -> RefOr<Schema> {
        let says = "What went wrong: one of the codes there are, which include every reason of a refused call";
        let codes: BTreeSet<&str> =
            CODES.split_whitespace().chain(Reason::BUILT_IN.iter().map(|(code, _)| *code)).collect();
        ObjectBuilder::new().schema_type(Type::String).description(Some(says)).enum_values(Some(codes)).into()
    }
}

impl ToSchema for ProblemCode {}
