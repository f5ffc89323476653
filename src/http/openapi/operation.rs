//! How an operation is described: what its route says of it, what its handler reads and answers, and how it fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Content, ContentBuilder, HeaderBuilder, KnownFormat, Ref, RefOr, Required, ResponseBuilder, ResponsesBuilder,
    SchemaFormat, link::LinkBuilder,
};
use utoipa::{IntoParams, ToSchema};
use warp::http::{Method, StatusCode};

use super::super::accept::{JSON, NDJSON, OCTETS};
use super::super::authenticate::Access;
use super::super::body::Body;
use super::super::page::Paging;
use super::super::problem::{Details, Status};
use super::super::routes::Route;
use super::parameters::{header, in_path};
use super::problems::{content, problem_name, text};
use crate::limits::PAGE_MAX;
use crate::pdp::absent::MissingRecords;

pub(super) const BEARER: &str = "bearer";
pub(super) const BASIC: &str = "basic";

type Named = (String, RefOr<Schema>);

/// An operation, but for what its route says.
pub(super) struct Described {
    /// Its route: method and path.
    pub(super) route: &'static str,
    operation: OperationBuilder,
    parameters: Vec<Parameter>,
    body: Option<Content>,
    answers: BTreeMap<StatusCode, ResponseBuilder>,
    problems: BTreeSet<StatusCode>,
    schemas: Vec<Named>,
}

/// Begins the description of the operation on a route.
pub(super) fn at(route: &'static str, id: &'static str, summary: &'static str) -> Described {
    let operation = OperationBuilder::new().operation_id(Some(id)).summary(Some(summary));
    let (parameters, answers) = (vec![header("X-Request-ID")], BTreeMap::new());
    // Whatever is called, a parameter may stand twice and a header may be no revision; a server that asks for no
    // credentials refuses what comes from another site; whoever answers may fail.
    let problems = BTreeSet::from([StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN, StatusCode::INTERNAL_SERVER_ERROR]);
    Described { route, operation, parameters, body: None, answers, problems, schemas: Vec::new() }
}

impl Described {
    pub(super) fn tag(mut self, tag: &'static str) -> Self {
        self.operation = self.operation.tag(tag);
        self
    }

    /// It reads these parameters of the query.
    pub(super) fn takes<T: IntoParams>(mut self) -> Self {
        self.parameters.extend(T::into_params(|| None));
        self
    }

    /// It reads a header.
    pub(super) fn takes_header(mut self, name: &'static str) -> Self {
        self.parameters.push(header(name));
        self
    }

    /// It reads a body.
    pub(super) fn body<T: ToSchema>(mut self, example: Value) -> Self {
        let schema = self.schema::<T>();
        self.reads(schema, example)
    }

    /// It reads a body of a shape that no single type has, with the shapes that are part of it.
    pub(super) fn body_as(mut self, shapes: Vec<Named>, example: Value) -> Self {
        let reference = shapes.last().map(|(name, _)| Ref::from_schema_name(name)).unwrap_or_default();
        self.schemas.extend(shapes);
        self.reads(reference.into(), example)
    }

    fn reads(mut self, schema: RefOr<Schema>, example: Value) -> Self {
        self.body = Some(ContentBuilder::new().schema(Some(schema)).example(Some(example)).build());
        self
    }

    /// It reads the body of a noun, whose id is in the path and may be left out, and answers with the noun.
    pub(super) fn noun<T: ToSchema>(mut self, says: &'static str, example: Value) -> Self {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(noun)) = &mut schema {
            noun.properties.remove("id");
            noun.required.retain(|member| member != "id");
        }
        T::schemas(&mut self.schemas);
        let body = vec![(format!("{}Body", T::name()), schema)];
        self.body_as(body, example).answers::<T>(says).answered::<T>(StatusCode::CREATED, "Registered").changes()
    }

    /// It changes something: a retry with the same key is safe.
    pub(super) fn changes(self) -> Self {
        self.takes_header("Idempotency-Key")
            .problem(StatusCode::UNPROCESSABLE_ENTITY)
            .header("Idempotency-Replayed", "`true` when it is the answer to an earlier call with the same key")
    }

    /// It reads JSON, one value a line.
    pub(super) fn lines_in<T: ToSchema>(mut self, example: &Value) -> Self {
        let _ = self.schema::<T>();
        self.reads(bytes().into(), format!("{example}\n").into())
    }

    /// It answers with JSON, one value a line.
    pub(super) fn lines_out(self, says: &'static str) -> Self {
        self.answers_as(NDJSON, bytes(), says)
    }

    /// It answers with bytes of our own form.
    pub(super) fn bytes_out(self, says: &'static str) -> Self {
        self.answers_as(OCTETS, bytes(), says)
    }

    /// It answers with a value of one type in a form.
    pub(super) fn answers_as(mut self, media: &'static str, schema: ObjectBuilder, says: &'static str) -> Self {
        let answer = ResponseBuilder::new().description(says).content(media, content(schema));
        self.answers.insert(StatusCode::OK, answer);
        self
    }

    /// It answers with 200 and nothing else.
    pub(super) fn answers_nothing(mut self, says: &'static str) -> Self {
        self.answers.insert(StatusCode::OK, ResponseBuilder::new().description(says));
        self
    }

    /// It answers in another media type when it is asked to.
    pub(super) fn or_as(self, media: &'static str) -> Self {
        let schema = || if media == NDJSON { bytes() } else { text() };
        self.each_answer(|answer| answer.content(media, content(schema()))).problem(StatusCode::NOT_ACCEPTABLE)
    }

    /// It fails as an operation's errors say.
    pub(super) fn fails<E: Status>(mut self) -> Self {
        self.problems.extend(E::STATUSES);
        self
    }

    /// It never has some of the statuses of its errors, which only other routes have.
    pub(super) fn never(mut self, statuses: &[StatusCode]) -> Self {
        self.problems.retain(|status| !statuses.contains(status));
        self
    }

    /// It can answer with a problem.
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
        let content = content(self.schema::<T>());
        self.answers.insert(status, ResponseBuilder::new().description(says).content(JSON, content));
        self
    }

    /// It answers with a page of a list, its items under a name of their own.
    pub(super) fn lists<T: ToSchema>(mut self, noun: &'static str, says: &'static str) -> Self {
        let page = page(noun, self.schema::<T>());
        self.takes::<Paging>().answers_as(JSON, page, says)
    }

    /// It answers with a page of what is recorded, on which records may be missing.
    pub(super) fn lists_recorded<T: ToSchema>(mut self, noun: &'static str, says: &'static str) -> Self {
        let missing = ArrayBuilder::new().items(self.schema::<MissingRecords>());
        let missing = missing.description(Some("Records that cannot be read; then the list is not `complete`"));
        let page = page(noun, self.schema::<T>()).property("missing", missing);
        self.takes::<Paging>().answers_as(JSON, page, says)
    }

    /// It answers with a page that carries a second list.
    pub(super) fn lists_with<T: ToSchema, U: ToSchema>(
        mut self,
        noun: &'static str,
        second_list: &'static str,
        says: &'static str,
    ) -> Self {
        let second_items = ArrayBuilder::new().items(self.schema::<U>());
        let page = page(noun, self.schema::<T>()).property(second_list, second_items).required(second_list);
        self.takes::<Paging>().answers_as(JSON, page, says)
    }

    /// It answers with a page that may say something of what it is about.
    pub(super) fn lists_about<T: ToSchema, U: ToSchema>(
        mut self,
        noun: &'static str,
        about: &'static str,
        says: &'static str,
    ) -> Self {
        let about_schema = self.schema::<U>();
        let page = page(noun, self.schema::<T>()).property(about, about_schema);
        self.takes::<Paging>().answers_as(JSON, page, says)
    }

    /// Its answers carry a header.
    pub(super) fn header(self, name: &'static str, says: &'static str) -> Self {
        let header = || HeaderBuilder::new().schema(Some(text())).description(Some(says)).build();
        self.each_answer(|answer| answer.header(name, header()))
    }

    /// What its answer says leads to another operation: which parameter of that one stands where in the answer.
    pub(super) fn leads_to(self, operation: &'static str, parameter: &'static str, place: &'static str) -> Self {
        let link = || LinkBuilder::new().operation_id(operation).parameter(parameter, place).build();
        self.each_answer(|answer| answer.link(operation, link()))
    }

    fn each_answer(mut self, with: impl Fn(ResponseBuilder) -> ResponseBuilder) -> Self {
        for answer in self.answers.values_mut() {
            *answer = with(std::mem::take(answer));
        }
        self
    }

    fn schema<T: ToSchema>(&mut self) -> RefOr<Schema> {
        T::schemas(&mut self.schemas);
        self.schemas.push((T::name().into_owned(), T::schema()));
        Ref::from_schema_name(T::name()).into()
    }

    /// The operation on its route, and the schemas it names.
    pub(super) fn on(self, route: &Route) -> (Operation, Vec<Named>) {
        let mut whole = self.on_path(route).on_noun(route).with_body(route).for_callers(route);
        let mut operation = whole.operation.parameters(Some(whole.parameters));
        if !route.calls.is_empty() {
            let calls: Vec<String> = route.calls.iter().map(|call| format!("`{call}`")).collect();
            operation = operation.description(Some(format!("The rules decide about it as {}.", calls.join(" or "))));
        }
        let mut responses = ResponsesBuilder::new();
        for (status, answer) in whole.answers {
            responses = responses.response(status.as_str(), answer);
        }
        for status in whole.problems {
            let name = problem_name(status, route.is_authzen());
            responses = responses.response(status.as_str(), Ref::from_response_name(name));
        }
        Details::schemas(&mut whole.schemas);
        whole.schemas.push((Details::name().into_owned(), <Details as utoipa::PartialSchema>::schema()));
        (operation.responses(responses).build(), whole.schemas)
    }

    fn on_path(mut self, route: &Route) -> Self {
        let parts = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        self.parameters.splice(1..1, parts.map(|part| in_path(route.path, part)));
        self
    }

    /// A noun has a revision, on which calls can be conditional.
    fn on_noun(mut self, route: &Route) -> Self {
        if !route.is_noun {
            return self;
        }
        if [Method::DELETE, Method::POST].contains(&route.method) {
            return self.takes_header("If-Match").problem(StatusCode::PRECONDITION_FAILED);
        }
        if route.method == Method::PUT {
            self = self.takes_header("If-Match").takes_header("If-None-Match: *");
            self = self.problem(StatusCode::PRECONDITION_FAILED);
        } else {
            let says = "It is as `If-None-Match` says, and is not sent again";
            self.answers.insert(StatusCode::NOT_MODIFIED, ResponseBuilder::new().description(says));
            self = self.takes_header("If-None-Match").problem(StatusCode::NOT_FOUND);
        }
        self.header("ETag", "The revision of the noun, for `If-Match`")
    }

    fn with_body(mut self, route: &Route) -> Self {
        let (media, is_needed) = match route.body {
            Body::None => return self,
            Body::Json => (JSON, Required::True),
            Body::JsonOrNone => (JSON, Required::False),
            Body::Lines => (NDJSON, Required::True),
        };
        if let Some(content) = self.body.take() {
            let mut body = RequestBodyBuilder::new().content(media, content).required(Some(is_needed));
            if media == NDJSON {
                body = body.description(Some("One `Line` a line; all of them are told, or none"));
            }
            self.operation = self.operation.request_body(Some(body.build()));
        }
        if media == JSON {
            self = self.problem(StatusCode::PAYLOAD_TOO_LARGE);
        }
        self.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    fn for_callers(mut self, route: &Route) -> Self {
        if route.access == Access::Public {
            // Said, and not left out: a reader need not look for what holds where nothing is said.
            self.operation = self.operation.securities(Some([]));
            return self;
        }
        for scheme in [BEARER, BASIC] {
            let requirement = SecurityRequirement::new::<_, [&str; 0], &str>(scheme, []);
            self.operation = self.operation.security(requirement);
        }
        self.problems.extend([
            StatusCode::UNAUTHORIZED,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::INSUFFICIENT_STORAGE,
        ]);
        self.header("Standing-Decision", "Where the answer is recorded: a sequence number, or the first and the last")
            .header("Standing-Revision", "The revision the answer was read at, or made")
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

/// Lines, which programs take as they are: no client reads them as one text.
fn bytes() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
}
