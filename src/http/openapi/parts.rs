//! What operations are described with: parameters, answers and problems.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, KnownFormat, Ref, RefOr, Required, Response, ResponseBuilder, ResponsesBuilder,
    SchemaFormat, link::LinkBuilder,
};
use utoipa::{PartialSchema as _, ToSchema};
use warp::http::{Method, StatusCode};

use super::super::authzen::strangers::is_endpoint;
use super::super::problem::{Details, Status};
use super::super::routes::Access;
use crate::id::{CustomerId, PartnerId, ServiceName, SubscriptionId, TokenId};
use crate::limits::{IDEMPOTENCY_KEY_LENGTH_MAX, PAGE_DEFAULT, PAGE_MAX};
use crate::pdp::absent::MissingRecords;

pub(super) const BEARER: &str = "bearer";
pub(super) const BASIC: &str = "basic";

pub(super) const TAGS: [(&str, &str); 7] = [
    ("asking", "Questions, as the AuthZEN Authorization API 1.0 has them"),
    ("telling", "Partners, customers and subscriptions"),
    ("relationships", "Requesting, accepting, removing and renegotiating a relationship"),
    ("remembering", "What was decided"),
    ("rules", "What decides, and how other rules come in force"),
    ("tokens", "Access tokens"),
    ("running", "The service itself"),
];

const NDJSON: &str = "application/x-ndjson";

type Named = (String, RefOr<Schema>);

/// A route as the document describes it.
pub(super) struct Described {
    pub(super) method: Method,
    pub(super) path: &'static str,
    operation: OperationBuilder,
    parameters: Vec<&'static str>,
    answers: BTreeMap<StatusCode, ResponseBuilder>,
    problems: BTreeSet<StatusCode>,
    schemas: Vec<Named>,
}

/// Begins the description of a route.
pub(super) fn at(
    method: Method,
    path: &'static str,
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
) -> Described {
    let operation = OperationBuilder::new().tag(tag).operation_id(Some(id)).summary(Some(summary));
    let parameters = vec!["requestId"];
    // Whatever is called, a parameter may stand twice and a header may be no revision; a server that asks for no
    // credentials refuses what comes from another site; whoever answers may fail.
    let problems = BTreeSet::from([StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN, StatusCode::INTERNAL_SERVER_ERROR]);
    let answers = BTreeMap::new();
    Described { method, path, operation, parameters, answers, problems, schemas: Vec::new() }.path_parameters()
}

impl Described {
    fn path_parameters(mut self) -> Self {
        let names = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        for name in names {
            // A link's token and an access token's name stand at the same place of their paths.
            let is_link = name == "token" && self.path.starts_with("/v1/relationship-requests/");
            self.parameters.push(if is_link { "linkToken" } else { name });
        }
        self
    }

    /// It takes these parameters of the query or headers.
    pub(super) fn takes(mut self, parameters: &[&'static str]) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// It reads a JSON body.
    pub(super) fn body<T: ToSchema>(self, example: Value) -> Self {
        self.body_if::<T>(Required::True, example)
    }

    /// It reads a JSON body when one is sent.
    pub(super) fn body_or_none<T: ToSchema>(self, example: Value) -> Self {
        self.body_if::<T>(Required::False, example)
    }

    fn body_if<T: ToSchema>(mut self, required: Required, example: Value) -> Self {
        let content = ContentBuilder::new().schema(Some(self.schema::<T>())).example(Some(example));
        let body = RequestBodyBuilder::new().content("application/json", content.build()).required(Some(required));
        self.operation = self.operation.request_body(Some(body.build()));
        self.problem(StatusCode::PAYLOAD_TOO_LARGE).problem(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    /// It reads the body of a noun, whose id is in the path and may be left out.
    pub(super) fn noun<T: ToSchema>(mut self, example: Value) -> Self {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(noun)) = &mut schema {
            noun.properties.remove("id");
            noun.required.retain(|member| member != "id");
        }
        T::schemas(&mut self.schemas);
        let name = format!("{}Body", T::name());
        self.schemas.push((name.clone(), schema));
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).example(Some(example));
        let body =
            RequestBodyBuilder::new().content("application/json", content.build()).required(Some(Required::True));
        self.operation = self.operation.request_body(Some(body.build()));
        self.problem(StatusCode::PAYLOAD_TOO_LARGE)
            .problem(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            .answered::<T>(StatusCode::CREATED, "Registered")
            .tagged()
            .takes(&["ifMatch", "onlyIfNew"])
            .problem(StatusCode::PRECONDITION_FAILED)
    }

    /// It changes something: a retry with the same key is safe.
    pub(super) fn changes(self) -> Self {
        self.takes(&["idempotencyKey"])
            .problem(StatusCode::UNPROCESSABLE_ENTITY)
            .header("Idempotency-Replayed", "`true` when it is the answer to an earlier call with the same key")
    }

    /// It reads JSON, one value a line.
    pub(super) fn lines_in<T: ToSchema>(mut self, example: &Value) -> Self {
        let _ = self.schema::<T>();
        let says = format!("One `{}` a line; all of them are told, or none", T::name());
        let content = ContentBuilder::new().schema(Some(bytes())).example(Some(format!("{example}\n").into()));
        let body = RequestBodyBuilder::new().description(Some(says)).content(NDJSON, content.build());
        let body = body.required(Some(Required::True));
        self.operation = self.operation.request_body(Some(body.build()));
        self.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    /// It answers with JSON, one value a line.
    pub(super) fn lines_out(self, says: &'static str) -> Self {
        self.answers_in(NDJSON, bytes(), says)
    }

    /// It answers with text.
    pub(super) fn answers_text(self, media: &'static str, says: &'static str) -> Self {
        self.answers_in(media, text(), says)
    }

    fn answers_in(mut self, media: &'static str, schema: ObjectBuilder, says: &'static str) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let answer = ResponseBuilder::new().description(says).content(media, content);
        self.answers.insert(StatusCode::OK, answer);
        self
    }

    /// It answers in another media type when it is asked to.
    pub(super) fn or_as(mut self, media: &'static str) -> Self {
        for answer in self.answers.values_mut() {
            let schema = if media == NDJSON { bytes() } else { text() };
            let content = ContentBuilder::new().schema(Some(schema)).build();
            *answer = std::mem::take(answer).content(media, content);
        }
        self.problem(StatusCode::NOT_ACCEPTABLE)
    }

    /// It fails as an operation's errors say.
    pub(super) fn fails<E: Status>(mut self) -> Self {
        self.problems.extend(E::STATUSES);
        self
    }

    /// It never comes to some of the statuses its errors have, because other routes alone do.
    pub(super) fn never(mut self, statuses: &[StatusCode]) -> Self {
        self.problems.retain(|status| !statuses.contains(status));
        self
    }

    /// It can come to a problem.
    pub(super) fn problem(mut self, status: StatusCode) -> Self {
        self.problems.insert(status);
        self
    }

    /// It answers with 200.
    pub(super) fn answers<T: ToSchema>(self, says: &'static str) -> Self {
        self.answered::<T>(StatusCode::OK, says)
    }

    /// It answers with a status.
    pub(super) fn answered<T: ToSchema>(mut self, status: StatusCode, says: &'static str) -> Self {
        let schema = self.schema::<T>();
        self.answer(status, says, schema)
    }

    /// It answers with a page of a list, its items under a name of their own.
    pub(super) fn lists<T: ToSchema>(mut self, noun: &'static str, says: &'static str) -> Self {
        let page = page(noun, self.schema::<T>());
        self.takes(&["limit", "cursor"]).answer(StatusCode::OK, says, page.into())
    }

    /// It answers with a page of what is recorded, on which records may be missing.
    pub(super) fn lists_recorded<T: ToSchema>(mut self, noun: &'static str, says: &'static str) -> Self {
        let missing = ArrayBuilder::new().items(self.schema::<MissingRecords>());
        let missing = missing.description(Some("Records that cannot be read; then the list is not `complete`"));
        let page = page(noun, self.schema::<T>()).property("missing", missing);
        self.takes(&["limit", "cursor"]).answer(StatusCode::OK, says, page.into())
    }

    /// It answers with a page that carries another list beside its items.
    pub(super) fn lists_with<T: ToSchema, U: ToSchema>(
        mut self,
        noun: &'static str,
        beside: &'static str,
        says: &'static str,
    ) -> Self {
        let beside_items = ArrayBuilder::new().items(self.schema::<U>());
        let page = page(noun, self.schema::<T>()).property(beside, beside_items).required(beside);
        self.takes(&["limit", "cursor"]).answer(StatusCode::OK, says, page.into())
    }

    /// It answers with a noun, unless the caller has it as it is.
    pub(super) fn read_if_new(mut self) -> Self {
        let says = "It is as `If-None-Match` says, and is not sent again";
        self.answers.insert(StatusCode::NOT_MODIFIED, ResponseBuilder::new().description(says));
        self.tagged().takes(&["ifNoneMatch"])
    }

    /// Its answers carry the noun's revision.
    pub(super) fn tagged(self) -> Self {
        self.header("ETag", "The revision of the noun, for `If-Match`")
    }

    /// Its answers carry a header.
    pub(super) fn header(mut self, name: &'static str, says: &'static str) -> Self {
        for answer in self.answers.values_mut() {
            let header = HeaderBuilder::new().schema(Some(text())).description(Some(says)).build();
            *answer = std::mem::take(answer).header(name, header);
        }
        self
    }

    /// What its answer says leads to another operation: which parameter of that one stands where in the answer.
    pub(super) fn leads_to(mut self, operation: &'static str, parameter: &'static str, place: &'static str) -> Self {
        for answer in self.answers.values_mut() {
            let link = LinkBuilder::new().operation_id(operation).parameter(parameter, place).build();
            *answer = std::mem::take(answer).link(operation, link);
        }
        self
    }

    fn answer(mut self, status: StatusCode, says: &'static str, schema: RefOr<Schema>) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let answer = ResponseBuilder::new().description(says).content("application/json", content);
        self.answers.insert(status, answer);
        self
    }

    fn schema<T: ToSchema>(&mut self) -> RefOr<Schema> {
        T::schemas(&mut self.schemas);
        self.schemas.push((T::name().into_owned(), T::schema()));
        Ref::from_schema_name(T::name()).into()
    }

    /// The operation, for callers with this access, and the schemas it names.
    pub(super) fn built(mut self, access: Access) -> (Operation, Vec<Named>) {
        if access == Access::Caller {
            self.problems.extend([StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE]);
            self = self
                .header(
                    "Standing-Decision",
                    "Where the answer is recorded: a sequence number, or the first and the last",
                )
                .header("Standing-Revision", "The revision the answer was read at, or made");
            for scheme in [BEARER, BASIC] {
                let requirement = SecurityRequirement::new::<_, [&str; 0], &str>(scheme, []);
                self.operation = self.operation.security(requirement);
            }
        } else {
            // Said, and not left out: a reader need not look for what holds where nothing is said.
            self.operation = self.operation.securities(Some([]));
        }
        let mut operation = self.operation;
        for name in self.parameters {
            operation = operation.parameter_ref(Ref::new(format!("#/components/parameters/{name}")));
        }
        let mut responses = ResponsesBuilder::new();
        for (status, answer) in self.answers {
            responses = responses.response(status.as_str(), answer);
        }
        let is_of_authzen = is_endpoint(self.path);
        for status in self.problems {
            let name = problem_name(status, is_of_authzen);
            responses = responses.response(status.as_str(), Ref::from_response_name(name));
        }
        Details::schemas(&mut self.schemas);
        self.schemas.push((Details::name().into_owned(), Details::schema()));
        (operation.responses(responses).build(), self.schemas)
    }
}

fn page(noun: &'static str, item: RefOr<Schema>) -> ObjectBuilder {
    let complete = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some("Is the list at its end, and nothing missing?"));
    let next = text().description(Some("Where to go on: the `cursor` of the next call; absent at the end of the list"));
    ObjectBuilder::new()
        .property(noun, ArrayBuilder::new().items(item).max_items(Some(PAGE_MAX)))
        .property("complete", complete)
        .property("next", next)
        .required(noun)
        .required("complete")
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Lines, which programs take as they are: no client reads them as one text.
fn bytes() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
}

fn count(least: usize) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).minimum(Some(least))
}

/// The parameters of every operation, by the names they are described under.
pub(super) fn parameters() -> Vec<(&'static str, Parameter)> {
    let given = |place: ParameterIn, name: &str, schema: RefOr<Schema>, says: &str| {
        let required = if place == ParameterIn::Path { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(required).schema(Some(schema));
        parameter.description(Some(says)).build()
    };
    let path = |name: &str, schema: RefOr<Schema>, says: &str| given(ParameterIn::Path, name, schema, says);
    let query = |name: &str, schema: RefOr<Schema>, says: &str| given(ParameterIn::Query, name, schema, says);
    let header = |name: &str, schema: RefOr<Schema>, says: &str| given(ParameterIn::Header, name, schema, says);
    let limit = count(1).maximum(Some(PAGE_MAX)).default(Some(PAGE_DEFAULT.into()));
    let key = text().min_length(Some(1)).max_length(Some(IDEMPOTENCY_KEY_LENGTH_MAX)).pattern(Some("^[!-~]+$"));
    let tag = |pattern: &str, example: &str| text().pattern(Some(pattern)).examples([example]);
    let revision = tag("^(\"[0-9]+\"|[0-9]+|[*])$", "\"12\"");
    let known = tag("^((W/)?\"[0-9]+\"|[*])$", "\"12\"");
    let moment = text().examples(["2026-01-01T00:00:00Z", "2026-01-01", "12"]);
    let place = || text().pattern(Some("^[0-9]+([.][0-9]+)?$")).examples(["12"]);
    let boolean = ObjectBuilder::new().schema_type(Type::Boolean);
    vec![
        ("partner", path("partner", PartnerId::schema(), "Which partner")),
        ("customer", path("customer", CustomerId::schema(), "Which customer")),
        ("subscription", path("subscription", SubscriptionId::schema(), "Which subscription")),
        ("token", path("token", TokenId::schema(), "Which access token: its public name")),
        ("linkToken", path("token", text().min_length(Some(1)).into(), "The token of a partner's link")),
        ("key", path("key", text().pattern(Some("^[0-9a-f]{16}$")).into(), "Which link key")),
        ("proposal", path("proposal", count(1).into(), "Which proposal: its number")),
        (
            "digest",
            path(
                "digest",
                text().pattern(Some("^[0-9a-f]{8,64}$")).into(),
                "Which rules: their digest, or its beginning",
            ),
        ),
        ("seq", path("seq", count(0).into(), "The place of the record in the ledger")),
        ("ofRecord", query("seq", count(1).into(), "The record that is proved; needed")),
        (
            "size",
            query("size", count(1).into(), "The size of the tree it is proved in; all of it when nothing is said"),
        ),
        ("fromSize", query("from", count(1).into(), "The smaller size; needed")),
        ("toSize", query("to", count(1).into(), "The larger size; all of the ledger when nothing is said")),
        ("mask", query("mask", text().examples(["caller,facts"]).into(), "What every record is to leave out")),
        ("olderThan", query("older_than", text().examples(["90d"]).into(), "Records older than this")),
        (
            "before",
            query(
                "before",
                text().examples(["2026-01-01T00:00:00Z"]).into(),
                "Records made before this time; a day is its beginning in UTC",
            ),
        ),
        ("limit", query("limit", limit.into(), "The most items on the page")),
        ("cursor", query("cursor", text().into(), "Where to go on: the `next` of the page before")),
        ("after", query("after", count(0).into(), "The `next` of the page before")),
        ("lastEventId", header("Last-Event-ID", place().into(), "Where a stream goes on: the id of the last event")),
        ("ofCustomer", query("customer", CustomerId::schema(), "Those of this customer")),
        ("ofPartner", query("partner", PartnerId::schema(), "Those this partner sold")),
        ("service", query("service", ServiceName::schema(), "For this service alone")),
        (
            "endingWithin",
            query(
                "ending_within",
                text().default(Some("30".into())).examples(["30", "P30D"]).into(),
                "How far ahead `ending` looks: days, or a duration",
            ),
        ),
        (
            "asOf",
            query(
                "as_of",
                moment.into(),
                "A moment in the past: an RFC 3339 time, a day (its end, in UTC) or a revision",
            ),
        ),
        (
            "rules",
            query(
                "rules",
                text().examples(["current"]).into(),
                "The digest of the rules to decide by, `current`, or `then`",
            ),
        ),
        ("atLeast", query("at_least", count(0).into(), "The revision the facts must have reached")),
        ("explain", query("explain", boolean.into(), "Should the answer say what would turn it round?")),
        (
            "requestId",
            header("X-Request-ID", text().into(), "The caller's own name for the call; it comes back as it is"),
        ),
        (
            "ifMatch",
            header("If-Match", revision.into(), "The revision the noun must still have, as its `ETag` said, or `*`"),
        ),
        ("ifNoneMatch", header("If-None-Match", known.into(), "The `ETag` of the noun as the caller has it")),
        (
            "onlyIfNew",
            header("If-None-Match", tag("^[*]$", "*").into(), "Registers, and changes nothing that is there"),
        ),
        (
            "idempotencyKey",
            header("Idempotency-Key", key.into(), "Makes a retry safe: the same key and request get the same answer"),
        ),
    ]
}

/// Every problem an operation can come to, by status.
const PROBLEMS: &[(StatusCode, &str, &str)] = &[
    (StatusCode::BAD_REQUEST, "BadRequest", "The call is not well formed: its path, query, headers or body"),
    (StatusCode::UNAUTHORIZED, "Unauthorized", "No valid credentials came with the call"),
    (StatusCode::FORBIDDEN, "Forbidden", "The rules do not let the caller do this; `code` says why"),
    (StatusCode::NOT_FOUND, "NotFound", "Something that the call names is not there"),
    (StatusCode::NOT_ACCEPTABLE, "NotAcceptable", "`Accept` takes none of the forms the answer has"),
    (StatusCode::CONFLICT, "Conflict", "It cannot be as things stand; `code` says what stands against it"),
    (StatusCode::PRECONDITION_FAILED, "PreconditionFailed", "The noun is not as `If-Match` or `If-None-Match` says"),
    (StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", "The body is larger than the settings allow"),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", "The body is in a form or a coding that is not read"),
    (StatusCode::UNPROCESSABLE_ENTITY, "UnprocessableEntity", "The body is well formed and says what cannot be"),
    (StatusCode::INTERNAL_SERVER_ERROR, "Internal", "Something went wrong here; nothing was answered"),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "Unavailable",
        "The record of the answer cannot be written now, so there is no answer",
    ),
];

/// The problems that an endpoint of AuthZEN can come to; what it says of them it says as plain JSON, too.
const OF_AUTHZEN: &[StatusCode] = &[
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::CONFLICT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

fn problem_name(status: StatusCode, is_of_authzen: bool) -> String {
    // A status without a name leaves a reference to nothing, which the tests find.
    let name = PROBLEMS.iter().find(|(named, ..)| *named == status).map_or("", |(_, name, _)| name);
    if is_of_authzen { format!("{name}Asking") } else { name.to_owned() }
}

/// The answers every operation shares, by the names they are described under.
pub(super) fn responses() -> Vec<(String, Response)> {
    let described = |(status, says): (&StatusCode, &str), is_of_authzen: bool| {
        let content = || ContentBuilder::new().schema(Some(Ref::from_schema_name(Details::name()))).build();
        let mut response = ResponseBuilder::new().description(says).content("application/problem+json", content());
        if is_of_authzen {
            response = response.content("application/json", content());
        }
        let header = match *status {
            StatusCode::UNAUTHORIZED => Some(("WWW-Authenticate", "The ways to prove who calls")),
            StatusCode::SERVICE_UNAVAILABLE => Some(("Retry-After", "Seconds after which to try again")),
            _ => None,
        };
        if let Some((header, says)) = header {
            response =
                response.header(header, HeaderBuilder::new().schema(Some(text())).description(Some(says)).build());
        }
        (problem_name(*status, is_of_authzen), response.build())
    };
    let ours = PROBLEMS.iter().map(|(status, _, says)| described((status, says), false));
    let of_authzen = PROBLEMS.iter().filter(|(status, ..)| OF_AUTHZEN.contains(status));
    ours.chain(of_authzen.map(|(status, _, says)| described((status, says), true))).collect()
}
