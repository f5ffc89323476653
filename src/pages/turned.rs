//! What a change would turn: who may do what on what, now and then.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use crate::answer::what_if::Flip;
use crate::id::{ServiceId, ServiceName};
use crate::pages::answer::answer;
use crate::pages::context::PageCall;
use crate::pages::table::Table;
use crate::pages::words::{id, name};
use crate::question::Kind;

/// How many things are named of those that turn alike; the others are counted.
const NAMED_MAX: usize = 50;

/// A subject, whether it gains, and the kind and id of a thing.
type Pair<'a> = (&'a str, bool, (&'a str, &'a str));

/// What decisions of one subject on several things turn alike.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Turn<'a> {
    subject: &'a str,
    is_gained: bool,
    actions: BTreeSet<&'a str>,
}

/// The table of what turns. `called` says what people call a partner.
#[must_use]
pub fn turned<'a>(
    page: &PageCall,
    gained: &'a [Flip],
    lost: &'a [Flip],
    called: &dyn Fn(&str) -> Option<String>,
) -> Markup {
    let words = page.words;
    let mut actions: BTreeMap<Pair<'_>, BTreeSet<&str>> = BTreeMap::new();
    for (flips, is_gained) in [(gained, true), (lost, false)] {
        for flip in flips {
            let on = (flip.resource.kind.as_str(), flip.resource.id.as_str());
            actions.entry((flip.subject.id.as_str(), is_gained, on)).or_default().insert(flip.action.name.as_str());
        }
    }
    let mut turns: BTreeMap<Turn<'a>, Vec<(&str, &str)>> = BTreeMap::new();
    for ((subject, is_gained, on), actions) in actions {
        turns.entry(Turn { subject, is_gained, actions }).or_default().push(on);
    }
    let things: BTreeSet<(&str, &str)> =
        gained.iter().chain(lost).map(|flip| (flip.resource.kind.as_str(), flip.resource.id.as_str())).collect();
    if turns.is_empty() {
        return html! { p { (words.say("nothing-turns")) } };
    }
    // A partner reads of itself alone, so no column has to say so.
    let is_own = page.partner().is_some();
    let rows = turns.iter().map(|(turn, on)| {
        let may: Vec<Markup> = turn.actions.iter().map(|action| words.action(action)).collect();
        let named: Vec<Markup> = on.iter().take(NAMED_MAX).map(|(kind, thing)| resource(page, kind, thing)).collect();
        let more = on.len() - named.len();
        let on = match more {
            0 => words.list(&named),
            // The last of them is the number of those that are not named.
            _ => words.list(&[&named[..], &[words.with("so-many-more", [("count", more.into())])]].concat()),
        };
        let whose = (!is_own).then(|| called(turn.subject).map_or_else(|| id(turn.subject), |called| name(&called)));
        let cells = [words.list(&may), on, answer(words, !turn.is_gained), answer(words, turn.is_gained)];
        whose.into_iter().chain(cells).collect()
    });
    let columns = (!is_own).then_some("partner").into_iter().chain(["may", "on", "now", "then"]);
    let table = Table {
        caption: Some(words.with(
            "turned-counts",
            [("things", things.len().into()), ("gained", gained.len().into()), ("lost", lost.len().into())],
        )),
        labelled_by: None,
        columns: columns.map(|key| words.say(&format!("column-{key}"))).collect(),
        rows: rows.collect(),
    };
    table.scrolling(&words.say("what-will-change"))
}

/// A service or subscription, as a person reads it.
fn resource(page: &PageCall, kind: &str, thing: &str) -> Markup {
    if kind == Kind::Service.as_str()
        && let Ok(ServiceId { service, .. }) = thing.parse::<ServiceId>()
    {
        return page.service(&service);
    }
    id(thing)
}

/// What services are called, one after the other.
#[must_use]
pub fn services(page: &PageCall, services: &[ServiceName]) -> Markup {
    let called: Vec<Markup> = services.iter().map(|service| page.service(service)).collect();
    page.words.list(&called)
}
