//! Bringing a draft up to date: what both sides changed stands side by side, and somebody says which text stays.

use maud::{Markup, html};

use super::naming::set_link;
use crate::id::{DraftId, Revision};
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall, WhatWasDone};
use crate::pages::form::{Choices, FieldError, choices_checked, summary};
use crate::pages::frame::Shown;
use crate::pages::side_by_side::both_texts;
use crate::pages::words::name;
use crate::pdp::call::{Call, CallError, Condition};
use crate::publish::draft_base::{Meeting, Rebasing, meeting, rebase};
use crate::publish::draft_error::{Conflict, DraftError};

/// The text of the draft stays.
const KEEP: &str = "keep";
/// The text of the rules in force is taken.
const TAKE: &str = "take";

/// The field in which it is said which text of a file stays, by the place of the file.
fn field_of(place: usize) -> String {
    format!("stays-{place}")
}

/// `GET /rules/drafts/{draft}/base`
pub async fn base(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let draft: DraftId = page.param("draft")?;
    shown(&page, &draft, &[], &[], false).await
}

/// The page, with what was chosen for each file, and what is wrong with it.
async fn shown(
    page: &PageCall,
    draft: &DraftId,
    chosen: &[(String, String)],
    errors: &[FieldError],
    has_moved: bool,
) -> Result<Answer, Fault> {
    let words = page.words;
    let read = meeting(&page.setting.pdp, &page.call, draft).await?;
    let Meeting { draft: report, conflicts } = &read.value;
    let back = format!("/rules/drafts/{draft}");
    let stays = |path: &str| chosen.iter().find(|(of, _)| of == path).map_or("", |(_, stays)| stays.as_str());
    let main = html! {
        (summary(words, errors))
        p.trail { a href=(back) { (words.say("back-to-draft")) } }
        h1 { (words.with("base-title", [("draft", name(&report.name).into())])) }
        @if has_moved {
            (panel(Tone::Care, &words.say("changed-title"), &html! { p { (words.say("reason-draft_changed")) } }))
        }
        @if !report.moved { p { (words.say("base-nothing")) } } @else {
            p { (words.with("base-says", [("from", set_link(&report.base).into()), ("to", set_link(&report.in_force).into())])) }
            p { (words.with("base-conflicts", [("count", conflicts.len().into())])) }
            form method="post" action=(format!("{back}/base")) {
                (page.hidden()?)
                input type="hidden" name="version" value=(report.version);
                input type="hidden" name="to" value=(report.in_force);
                @for (place, conflict) in conflicts.iter().enumerate() {
                    (of_file(page, place, conflict, stays(&conflict.path), errors))
                }
                div.buttons {
                    button { (words.say("draft-up-to-date")) }
                    a href=(back) { (words.say("go-back")) }
                }
            }
        }
    };
    let shown = Shown::of(words.text("base-title", &[("draft", &report.name)]), main).at(read.revision, &read.seqs);
    Ok(if errors.is_empty() { shown } else { shown.as_mistake() }.into())
}

/// A file that both sides changed, and which of its texts stays.
fn of_file(page: &PageCall, place: usize, conflict: &Conflict, chosen: &str, errors: &[FieldError]) -> Markup {
    let words = page.words;
    let Conflict { path, theirs, ours, .. } = conflict;
    let says =
        |key: &str, text: &Option<String>| words.say(&format!("{key}{}", if text.is_some() { "" } else { "-none" }));
    let id = field_of(place);
    let stays = Choices {
        id: &id,
        label: words.text("base-stays", &[("path", path)]),
        options: vec![
            ("", words.say("base-choose")),
            (KEEP, says("base-keep", ours)),
            (TAKE, says("base-take", theirs)),
        ],
        chosen,
    };
    let [theirs, ours] = [theirs, ours].map(|text| text.as_deref().unwrap_or_default());
    html! {
        h2 { (crate::pages::words::id(path)) }
        (both_texts(words, path, [("column-in-force", theirs), ("column-in-draft", ours)], &words.text("file-both", &[("path", path)])))
        input type="hidden" name="path" value=(path);
        (choices_checked(words, &stays, errors))
    }
}

/// `POST /rules/drafts/{draft}/base`
pub async fn rebased(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let draft: DraftId = page.param("draft")?;
    let read = meeting(&page.setting.pdp, &page.call, &draft).await?;
    let fields: Vec<String> = (0..read.value.conflicts.len()).map(field_of).collect();
    let names: Vec<&str> = ["version", "to", "path*"].into_iter().chain(fields.iter().map(String::as_str)).collect();
    // Where there are others by now, none of what was chosen is meant for them.
    let form = match page.form(&names) {
        Err(Fault::Unreadable("unreadable-unknown", _)) => return shown(&page, &draft, &[], &[], true).await,
        form => form?,
    };
    let version = form.text("version").parse().map_err(|_| Fault::Unreadable("unreadable-form", String::new()))?;
    let chosen: Vec<(String, String)> =
        form.all("path").iter().zip(&fields).map(|(path, field)| (path.clone(), form.text(field).to_owned())).collect();
    let errors: Vec<FieldError> = chosen
        .iter()
        .zip(&fields)
        .filter(|((_, stays), _)| ![KEEP, TAKE].contains(&stays.as_str()))
        .map(|(_, field)| FieldError { field: field.clone(), says: page.words.say("base-choose-missing") })
        .collect();
    if !errors.is_empty() {
        return shown(&page, &draft, &chosen, &errors, false).await;
    }
    let of = |which: &str| chosen.iter().filter(|(_, stays)| stays == which).map(|(path, _)| path.clone()).collect();
    let rebasing = Rebasing { to: Some(form.text("to").to_owned()), keep: of(KEEP), take: of(TAKE) };
    let conditions = vec![Condition::At(vec![Revision(version)])];
    let call = Call { conditions, ..page.sending(&form)? };
    match rebase(&page.setting.pdp, &call, &draft, rebasing).await {
        Ok(_) => Ok(page.see_done(format!("/rules/drafts/{draft}"), &WhatWasDone::plain("done-up-to-date"))),
        Err(CallError::Precondition(_) | CallError::Refused(DraftError::Conflicts(_) | DraftError::NoConflict(_))) => {
            shown(&page, &draft, &[], &[], true).await
        }
        Err(error) => Err(error.into()),
    }
}
