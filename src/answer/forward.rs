//! Asking on behalf of a proxy: which question a call is that it passes on. Whatever of the call could be read in two
//! ways is no question, and so is refused.

use std::collections::BTreeMap;

use crate::answer::ask::{Answer, AskError};
use crate::answer::batch::{Batch, Semantic, ask_all};
use crate::answer::past::ReadOptions;
use crate::config::{ForwardAuth, ForwardRoute, is_plain_part, placeholder};
use crate::limits::FORWARDED_PATH_LENGTH_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::{Call, CallError, Response};
use crate::question::{Entity, Question};

/// A call that a proxy asks about, as it says.
#[derive(Clone, Copy, Debug)]
pub struct Forwarded<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, with the query.
    pub uri: &'a str,
    /// Who makes it.
    pub subject: &'a str,
}

/// Why a call is no question.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoQuestion {
    /// A server that no table was set for.
    #[error("no `[forward_auth]` is set, so no call stands for a question")]
    NoTable,
    /// The proxy does not say what is asked about, or says it twice.
    #[error("the proxy does not say one method, one path and one subject, each once; set it up as the manual says")]
    Unclear,
    /// The path is written in a way that others may read otherwise.
    #[error(
        "the path is not plain: it has an empty part, dots, an escape or another character that may be read in two ways"
    )]
    NotPlain,
    /// The path has a query, and the table does not say that it does not matter.
    #[error("the call has a query, and its route does not say `any_query`")]
    Query,
    /// No route is for it.
    #[error("no route of `[forward_auth]` is for the method and the path of the call")]
    NoRoute,
    /// The subject is no name.
    #[error("what the proxy names as the subject is no name")]
    NoSubject,
}

/// Which question a call is.
///
/// # Errors
/// [`NoQuestion`] for a call that is none, or that could be another.
pub fn question_of(table: &ForwardAuth, call: Forwarded<'_>) -> Result<Question, NoQuestion> {
    let Forwarded { method, uri, subject } = call;
    if uri.len() > FORWARDED_PATH_LENGTH_MAX {
        return Err(NoQuestion::NotPlain);
    }
    let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
    let parts: Vec<&str> = path.strip_prefix('/').ok_or(NoQuestion::NotPlain)?.split('/').collect();
    if path != "/" && !parts.iter().all(|part| is_plain_part(part)) {
        return Err(NoQuestion::NotPlain);
    }
    let of_method = table.routes.iter().filter(|route| route.methods.iter().any(|known| known == method));
    let mut best: Option<(&ForwardRoute, BTreeMap<&str, &str>)> = None;
    for (route, names) in of_method.filter_map(|route| Some((route, names_of(route, &parts)?))) {
        // The one that says more of the path is meant; the settings have no two that could both be.
        if best.as_ref().is_none_or(|(known, _)| route.is_as_literal_as(known)) {
            best = Some((route, names));
        }
    }
    let (route, names) = best.ok_or(NoQuestion::NoRoute)?;
    if query.is_some() && !route.any_query {
        return Err(NoQuestion::Query);
    }
    if !is_plain_part(subject) {
        return Err(NoQuestion::NoSubject);
    }
    let (kind, id) = route.resource.rsplit_once("::").ok_or(NoQuestion::NoRoute)?;
    let filled = |part: &str| match placeholder(part) {
        Some(name) => names.get(name).map(|part| (*part).to_owned()),
        None => Some(part.to_owned()),
    };
    let id: Option<Vec<String>> = id.split('/').map(filled).collect();
    let resource = Entity::new(kind, id.ok_or(NoQuestion::NoRoute)?.join("/"));
    Ok(Question::new(Entity::new(table.subject_type.as_str(), subject), route.action.as_str(), resource))
}

/// What the named parts of a route's path are in a path, if it is one of the route's.
fn names_of<'a>(route: &'a ForwardRoute, parts: &[&'a str]) -> Option<BTreeMap<&'a str, &'a str>> {
    let own = route.parts();
    if own.len() != parts.len() {
        return None;
    }
    let mut names = BTreeMap::new();
    for (own, part) in own.into_iter().zip(parts) {
        match placeholder(own) {
            Some(name) => drop(names.insert(name, *part)),
            None if own == *part => {}
            None => return None,
        }
    }
    Some(names)
}

/// The table of a decision point, if one is set.
#[must_use]
pub fn table(pdp: &Pdp) -> Option<&ForwardAuth> {
    pdp.settings.forward_auth.as_ref()
}

/// Has a decision point answer proxies by a table.
#[must_use]
pub fn with_forward_auth(mut pdp: Pdp, table: Option<ForwardAuth>) -> Pdp {
    pdp.settings.forward_auth = table;
    pdp
}

/// Answers a proxy: the decision, or why the call is no question; both are recorded.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not ask so.
pub async fn ask_for_proxy(
    pdp: &Pdp,
    call: &Call,
    question: Result<Question, NoQuestion>,
) -> Result<Response<Option<Answer>>, CallError<AskError>> {
    let questions = vec![question.map_err(|why| why.to_string())];
    let options = ReadOptions { is_for_proxy: true, ..ReadOptions::default() };
    let asked = ask_all(pdp, call, Batch { questions, semantic: Semantic::ExecuteAll }, &options).await?;
    let Response { value, revision, seqs, rules } = asked;
    Ok(Response { value: value.into_iter().next().and_then(Result::ok), revision, seqs, rules })
}
