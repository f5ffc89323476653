//! The parameters that say which records and which access.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, Required};

/// The filters of a list of records.
pub(super) const DECISION_FILTERS: &[&str] = &[
    "ofSubject",
    "ofAction",
    "onResource",
    "decided",
    "byCaller",
    "forReason",
    "byRules",
    "byRule",
    "asked",
    "ofRequest",
    "from",
    "to",
    "order",
    "inWords",
    "csvFormat",
];

/// The parameters by the names they are described under.
pub(super) fn parameters() -> Vec<(&'static str, Parameter)> {
    let query = |name: &str, schema: ObjectBuilder, says: &str| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
        let schema: RefOr<Schema> = schema.into();
        parameter.required(Required::False).schema(Some(schema)).description(Some(says)).build()
    };
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let named = |example: &str| text().pattern(Some("^.+::")).examples([example]);
    // A day is no time as `date-time` has it.
    let time = || text().examples(["2026-11-01T10:00:00Z", "2026-11-01"]);
    let words = |words: &[&str]| text().enum_values(Some(words.iter().copied()));
    let boolean = || ObjectBuilder::new().schema_type(Type::Boolean);
    let digest = text().pattern(Some("^[0-9a-f]{8,64}$"));
    vec![
        ("ofSubject", query("subject", named("Partner::contoso"), "Those about this subject, `Type::id`")),
        ("ofAction", query("action", text(), "Those about this action; that of a call begins with `Api::`")),
        ("onResource", query("resource", named("Subscription::s-1"), "Those about this resource, `Type::id`")),
        ("decided", query("decision", boolean(), "Those with this answer")),
        ("byCaller", query("caller", text().examples(["partner:contoso"]), "Those this caller asked")),
        ("forReason", query("reason", text(), "Those refused for this reason")),
        ("byRules", query("rules", digest, "Those decided by the set of rules with this digest")),
        ("byRule", query("rule", text().examples(["may/remove-seats"]), "Those this rule decided")),
        ("asked", query("asked", words(&["evaluation", "search", "call"]), "Those that were such a question")),
        ("ofRequest", query("requestId", text(), "Those of the call the caller named so")),
        ("from", query("from", time(), "From this moment on; a day is its beginning in UTC")),
        ("to", query("to", time(), "Before this moment; a day is its end in UTC, so that all of it is told")),
        ("order", query("order", words(&["oldest", "newest"]), "Which come first; `oldest` when nothing is said")),
        ("inWords", query("words", boolean(), "Should each be put into words too, in a member `words`?")),
        ("csvFormat", query("format", words(&["json", "csv"]), "The form of the answer, whatever is accepted")),
        ("aboutPartner", query("partner", text(), "What names this partner, or a subscription that it sold")),
        ("ofEvent", query("event", text().examples(["partner-registered"]), "What is such an event")),
        ("format", query("format", words(&["json", "csv", "html"]), "The form of the answer, whatever is accepted")),
    ]
}
