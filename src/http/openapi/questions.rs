//! The bodies of questions, which are read member by member, as shapes made of what they become.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Ref, Schema, Type};
use utoipa::{PartialSchema as _, ToSchema};

use super::problems::text;
use crate::answer::batch::Semantic;
use crate::answer::search::Pager;
use crate::question::Question;

type Named = (String, RefOr<Schema>);

/// The members of a question.
fn question(schemas: &mut Vec<Named>) -> Object {
    Question::schemas(schemas);
    match Question::schema() {
        RefOr::T(Schema::Object(question)) => question,
        _ => Object::new(),
    }
}

/// An optional member, which is absent where it is `null`.
fn or_null(name: &str) -> RefOr<Schema> {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    OneOfBuilder::new().item(Ref::from_schema_name(name)).item(null).into()
}

/// Many questions, or a single one where `evaluations` is absent or empty.
pub(super) fn many() -> Vec<Named> {
    let mut schemas =
        vec![(Question::name().into_owned(), Question::schema()), (Semantic::name().into_owned(), Semantic::schema())];
    let mut part = question(&mut schemas);
    part.required.clear();
    part.description = Some("One of many questions: what it does not have is as the defaults say".to_owned());
    let mut batch = part.clone();
    batch.description = Some(
        "Many questions. An element without a subject, action, resource or context has the one given here; an element \
         that is no question is answered with a no."
            .to_owned(),
    );
    let options = ObjectBuilder::new().property("evaluations_semantic", or_null(&Semantic::name()));
    let elements = ArrayBuilder::new().items(Ref::from_schema_name("EvaluationsQuestion")).min_items(Some(1));
    batch.properties.insert("evaluations".to_owned(), elements.into());
    batch.properties.insert("options".to_owned(), or_null("EvaluationsOptions"));
    batch.required.push("evaluations".to_owned());
    let either = AnyOfBuilder::new()
        .item(Ref::from_schema_name("EvaluationsBatch"))
        .item(Ref::from_schema_name(Question::name()));
    schemas.extend([
        ("EvaluationsQuestion".to_owned(), part.into()),
        ("EvaluationsOptions".to_owned(), options.description(Some("How to go about many questions")).into()),
        ("EvaluationsBatch".to_owned(), batch.into()),
        ("EvaluationsRequest".to_owned(), either.into()),
    ]);
    schemas
}

/// A search: a question without its target, of which the type is given where it is an entity.
pub(super) fn search(name: &str, target: &str, says: &str) -> Vec<Named> {
    let mut schemas = vec![(Pager::name().into_owned(), Pager::schema())];
    Pager::schemas(&mut schemas);
    let mut search = question(&mut schemas);
    if target == "action" {
        search.properties.remove(target);
        search.required.retain(|member| member != target);
    } else {
        let kind = text().description(Some("For example `Partner`; an id beside it is ignored"));
        let entity_type = ObjectBuilder::new().property("type", kind).required("type");
        schemas.push(("EntityType".to_owned(), entity_type.description(Some("The type that is searched")).into()));
        search.properties.insert(target.to_owned(), Ref::from_schema_name("EntityType").into());
    }
    search.properties.insert("page".to_owned(), or_null(&Pager::name()));
    search.description = Some(says.to_owned());
    schemas.push((name.to_owned(), search.into()));
    schemas
}
