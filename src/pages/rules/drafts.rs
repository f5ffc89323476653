//! Drafts of rules: what somebody changes over a set, a file at a time, until it is proposed.

use maud::html;

use super::evidence::changed_files;
use super::naming::{draft_file_address, editors, set_link};
use crate::config::RulesFrom;
use crate::id::{DraftId, Revision};
use crate::pages::answer::{Tone, panel};
use crate::pages::called::Called;
use crate::pages::context::{Answer, Fault, PageCall, WhatWasDone};
use crate::pages::facts::facts;
use crate::pages::file_field::file_field;
use crate::pages::form::{Field, FieldError, field, summary};
use crate::pages::frame::Shown;
use crate::pages::table::Table;
use crate::pages::typed::{Sent, as_of_before};
use crate::pages::when::moment;
use crate::pages::words::{id, name};
use crate::pdp::call::{Call, CallError, Coded as _, Condition};
use crate::pdp::rules::rules_from;
use crate::publish::PublishError;
use crate::publish::draft_error::DraftError;
use crate::publish::drafts::{DraftReport, PuttingDraft, delete_draft, draft, drafts as read_drafts, put_draft};
use crate::publish::proposal::{Proposing, propose};
use crate::publish::report::rules_with;

/// How many bytes of chance make the id of a draft.
const ID_BYTES: usize = 5;

/// What is wrong with a field, where what was sent is refused for it.
pub(super) fn wrong(field: &str, says: String) -> Vec<FieldError> {
    vec![FieldError { field: field.to_owned(), says }]
}

/// A form that does not say which version of a draft it is about.
pub(super) fn missing_version() -> Fault {
    Fault::Unreadable("unreadable-form", String::new())
}

/// `GET /rules/drafts`
pub async fn drafts(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    Ok(listed(&page, "", &[]).await?.into())
}

async fn listed(page: &PageCall, typed: &str, errors: &[FieldError]) -> Result<Shown, Fault> {
    let words = page.words;
    let read = read_drafts(&page.setting.pdp, &page.call).await?;
    let called = Called::of(page)?;
    let rows = read.value.iter().map(|draft| {
        vec![
            html! { a href=(format!("/rules/drafts/{}", draft.id)) { (name(&draft.name)) } },
            editors(&called, &draft.editors),
            set_link(&draft.base),
            moment(words, draft.changed),
        ]
    });
    let columns = ["draft", "edited-by", "set", "when"].map(|key| words.say(&format!("column-{key}")));
    let rows: Vec<_> = rows.collect();
    let is_none = rows.is_empty();
    let table = Table { caption: None, labelled_by: Some("drafts"), columns: columns.into(), rows };
    let main = html! {
        (summary(words, errors))
        h1 id="drafts" { (words.say("nav-rules-drafts")) }
        p { (words.say("drafts-says")) }
        @if is_none { p { (words.say("drafts-none")) } } @else { (table.stacked()) }
        form method="post" action="/rules/drafts" {
            h2 { (words.say("draft-begin")) }
            (page.hidden()?)
            (field(words, &Field::text(words, "name", "field-draft-name", typed, false), errors))
            div.buttons { button { (words.say("draft-begin")) } }
        }
    };
    let shown = Shown::of(words.say("nav-rules-drafts"), main).at(read.revision, &read.seqs);
    Ok(if errors.is_empty() { shown } else { shown.as_mistake() })
}

/// `POST /rules/drafts`
pub async fn begun(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = match page.form_typed(&["name"])? {
        Sent::Form(form) => form,
        Sent::OfBefore(form) => {
            return Ok(as_of_before(page.words, listed(&page, form.text("name"), &[]).await?).into());
        }
    };
    let called = form.text("name").trim().to_owned();
    let missing = || wrong("name", page.words.say("field-draft-name-missing"));
    if called.is_empty() {
        return Ok(listed(&page, &called, &missing()).await?.into());
    }
    // The same form has the same draft.
    let mut chance: Vec<u8> = form.text("once").bytes().take(ID_BYTES * 2).collect();
    chance.make_ascii_lowercase();
    let draft: DraftId = format!("d-{}", String::from_utf8_lossy(&chance)).parse().map_err(|_| Fault::NotFound)?;
    let putting = PuttingDraft { name: Some(called.clone()), base: None };
    let call = Call { conditions: vec![Condition::New], ..page.sending(&form)? };
    match put_draft(&page.setting.pdp, &call, &draft, putting).await {
        Ok(_) => Ok(Answer::SeeOther { to: format!("/rules/drafts/{draft}"), cookies: Vec::new() }),
        Err(CallError::Refused(DraftError::Name)) => {
            Ok(listed(&page, &called, &wrong("name", page.words.say("field-too-long"))).await?.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /rules/drafts/{draft}`
pub async fn one_draft(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    Ok(shown(&page, [""; 4], &[]).await?.into())
}

/// The page of a draft, with what was typed to propose it, to add a file, or to say which folder files go into, and what is
/// wrong with that.
pub(super) async fn shown(
    page: &PageCall,
    [title, why, path, into]: [&str; 4],
    errors: &[FieldError],
) -> Result<Shown, Fault> {
    let words = page.words;
    let pdp = &page.setting.pdp;
    let read = draft(pdp, &page.call, &page.param("draft")?).await?;
    let draft = &read.value;
    let base = rules_with(pdp, &page.call, &draft.base).await?;
    let files = draft.over(&base.value.files);
    let here = format!("/rules/drafts/{}", draft.id);
    let rows = [
        (words.say("draft-over"), set_link(&draft.base)),
        (words.say("column-edited-by"), editors(&Called::of(page)?, &draft.editors)),
        (words.say("draft-changed"), moment(words, draft.changed)),
    ];
    let main = html! {
        (summary(words, errors))
        p.trail { a href="/rules/drafts" { (words.say("back-to-drafts")) } }
        h1 { (name(&draft.name)) }
        (facts(&rows))
        @if draft.moved {
            (panel(Tone::Care, &words.say("draft-moved"), &html! {
                p { (words.say("draft-moved-says")) }
                p.buttons { a.button.quiet href=(format!("{here}/base")) { (words.say("draft-up-to-date")) } }
            }))
        }
        div id="changed" { (changed_files(words, &base.value.files, &files)) }
        @if !draft.files.is_empty() {
            ul { @for path in draft.files.keys() {
                li { a href=(draft_file_address(&draft.id, path)) { (words.with("draft-edit", [("path", id(path).into())])) } }
            } }
        }
        h2 { (words.say("draft-change-another")) }
        details {
            summary { (words.say("draft-all-files")) }
            ul { @for path in files.keys() { li { a href=(draft_file_address(&draft.id, path)) { (id(path)) } } } }
        }
        form method="post" action=(format!("{here}/files")) {
            (page.hidden()?)
            (field(words, &Field::text(words, "path", "field-path", path, false), errors))
            div.buttons { button.quiet { (words.say("draft-add")) } }
        }
        h2 { (words.say("draft-upload")) }
        p { (words.say("draft-upload-says")) }
        form method="post" action=(format!("{here}/folder")) enctype="multipart/form-data" {
            (page.hidden()?)
            input type="hidden" name="version" value=(draft.version);
            (file_field(words, "folder", "field-folder", true, errors))
            (file_field(words, "some-files", "field-files", false, errors))
            (field(words, &Field::text(words, "into", "field-into", into, true), errors))
            div.buttons { button.quiet { (words.say("draft-upload-now")) } }
        }
        h2 { (words.say("draft-propose")) }
        @if rules_from(pdp) == RulesFrom::Files { p { (words.say("rules-from-files-says")) } }
        @else if draft.files.is_empty() { p { (words.say("draft-propose-nothing")) } }
        @else {
            p { (words.say("draft-propose-says")) }
            p.buttons { a.button.quiet href=(format!("{here}/evidence")) { (words.say("draft-evidence")) } }
            form method="post" action=(format!("{here}/proposal")) {
                (page.hidden()?)
                input type="hidden" name="version" value=(draft.version);
                (field(words, &Field::text(words, "title", "field-title", title, true), errors))
                (field(words, &Field::text(words, "why", "field-why", why, true), errors))
                div.buttons { button { (words.say("draft-propose-now")) } }
            }
        }
        p.buttons { a.button.quiet href=(format!("{here}/removal")) { (words.say("draft-delete")) } }
    };
    let seqs = [&read.seqs[..], &base.seqs[..]].concat();
    let shown = Shown::of(draft.name.clone(), main).at(read.revision, &seqs);
    Ok(if errors.is_empty() { shown } else { shown.as_mistake() })
}

/// `GET /rules/drafts/{draft}/removal`
pub async fn removal(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let read = draft(&page.setting.pdp, &page.call, &page.param("draft")?).await?;
    let DraftReport { id, name: called, version, files, editors: by, .. } = &read.value;
    let back = format!("/rules/drafts/{id}");
    let main = html! {
        p.trail { a href=(back) { (words.say("back-to-draft")) } }
        h1 { (words.with("draft-removal-title", [("draft", name(called).into())])) }
        p { (words.with("draft-removal-says", [("count", files.len().into())])) }
        (facts(&[(words.say("column-edited-by"), editors(&Called::of(&page)?, by))]))
        form method="post" action=(format!("{back}/removal")) {
            (page.hidden()?)
            input type="hidden" name="version" value=(version);
            div.buttons {
                button.hard { (words.with("draft-removal-now", [("draft", name(called).into())])) }
                a href=(back) { (words.say("go-back")) }
            }
        }
    };
    let title = words.text("draft-removal-title", &[("draft", called)]);
    Ok(Shown::of(title, main).at(read.revision, &read.seqs).into())
}

/// `POST /rules/drafts/{draft}/removal`
pub async fn removed(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = page.form(&["version"])?;
    let version: u64 = form.text("version").parse().map_err(|_| missing_version())?;
    let conditions = vec![Condition::At(vec![Revision(version)])];
    let call = Call { conditions, ..page.sending(&form)? };
    delete_draft(&page.setting.pdp, &call, &page.param("draft")?).await?;
    let done = WhatWasDone::plain("done-draft-deleted");
    Ok(page.see_done("/rules/drafts".to_owned(), &done))
}

/// `POST /rules/drafts/{draft}/proposal`
pub async fn proposed(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = match page.form_typed(&["title", "why", "version"])? {
        Sent::Form(form) => form,
        Sent::OfBefore(form) => {
            let shown = shown(&page, [form.text("title"), form.text("why"), "", ""], &[]).await?;
            return Ok(as_of_before(page.words, shown).into());
        }
    };
    let version = Some(form.text("version").parse().map_err(|_| missing_version())?);
    let [title, why] = ["title", "why"].map(|name| form.text(name).trim());
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let proposing = Proposing {
        draft: Some(page.param("draft")?),
        version,
        title: said(title),
        why: said(why),
        ..Proposing::default()
    };
    match propose(&page.setting.pdp, &page.sending(&form)?, proposing).await {
        Ok(done) => {
            let says = WhatWasDone::plain("done-proposed");
            Ok(page.see_done(format!("/rules/proposals/{}", done.value.id), &says))
        }
        Err(CallError::Refused(PublishError::Text(name))) => {
            Ok(shown(&page, [title, why, "", ""], &wrong(name, page.words.say("field-too-long"))).await?.into())
        }
        // What was typed stays, whatever is wrong with the files.
        Err(CallError::Refused(error)) if !error.code().starts_with("unknown_") => {
            let code = error.code();
            let known = page.words.find(&format!("reason-{code}"));
            let says = known.clone().unwrap_or_else(|| page.words.say("draft-not-proposed"));
            let mut shown = shown(&page, [title, why, "", ""], &wrong("changed", format!("{says} ({code})"))).await?;
            if known.is_none() {
                // What the files are refused with has no sentence in another language.
                let body = html! { p lang="en" { (error.to_string()) } };
                shown.main = html! { (shown.main) (panel(Tone::Bad, &page.words.say("draft-not-proposed"), &body)) };
            }
            Ok(shown.into())
        }
        Err(error) => Err(error.into()),
    }
}
