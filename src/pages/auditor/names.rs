//! What was asked in a record, by whom, and what came of it, in sentences.

use maud::{Markup, html};

use crate::audit::{Record, RecordKind, Results, SearchKind};
use crate::pages::answer::answer;
use crate::pages::called::{Called, is_installation};
use crate::pages::words::{Words, id};
use crate::question::Entity;

/// What stands before the action of a call of this service.
const CALL: &str = "Api::";

impl Called<'_> {
    /// What was asked, in short.
    pub fn asked(&self, record: &Record) -> Markup {
        let words = self.words();
        if record.invalid.is_some() {
            return html! { (words.say("asked-invalid")) };
        }
        let question = &record.question;
        if let (RecordKind::Search | RecordKind::Look, Some(results)) = (record.asked, &record.results) {
            return self.searched(record, results, "asked");
        }
        if let Some(call) = question.action.name.strip_prefix(CALL) {
            let about = about(record);
            return match is_installation(about) {
                true => id(call),
                false => words.with("asked-call", [("call", id(call).into()), ("resource", self.entity(about).into())]),
            };
        }
        words.with(
            "asked-whether",
            [
                ("subject", self.entity(&question.subject).into()),
                ("action", words.action(&question.action.name).into()),
                ("resource", self.entity(&question.resource).into()),
            ],
        )
    }

    /// What was searched for, by sentences whose keys begin so.
    fn searched(&self, record: &Record, results: &Results, keys: &str) -> Markup {
        let words = self.words();
        let question = &record.question;
        let key = match results.kind {
            SearchKind::Subject => "who",
            SearchKind::Resource => "on-which",
            SearchKind::Action => "what",
        };
        words.with(
            &format!("{keys}-{key}"),
            [
                ("who", self.caller(&record.caller.to_string()).into()),
                ("subject", self.entity(&question.subject).into()),
                ("action", words.action(&question.action.name).into()),
                ("resource", self.entity(&question.resource).into()),
                ("kind", question.resource.kind.as_str().into()),
            ],
        )
    }

    /// What was asked and by whom, as a sentence.
    pub fn sentence(&self, record: &Record) -> Markup {
        let words = self.words();
        let who = || ("who", self.caller(&record.caller.to_string()).into());
        if record.invalid.is_some() {
            return words.with("lead-invalid", [who()]);
        }
        let question = &record.question;
        if let (RecordKind::Search | RecordKind::Look, Some(results)) = (record.asked, &record.results) {
            return self.searched(record, results, "lead");
        }
        if let Some(call) = question.action.name.strip_prefix(CALL) {
            let about = about(record);
            return match is_installation(about) {
                true => words.with("lead-call-plain", [who(), ("call", id(call).into())]),
                false => {
                    words.with("lead-call", [who(), ("call", id(call).into()), ("resource", self.entity(about).into())])
                }
            };
        }
        words.with(
            "lead-whether",
            [
                who(),
                ("subject", self.entity(&question.subject).into()),
                ("action", words.action(&question.action.name).into()),
                ("resource", self.entity(&question.resource).into()),
            ],
        )
    }
}

/// What a record is about.
fn about(record: &Record) -> &Entity {
    record.about.as_ref().unwrap_or(&record.question.resource)
}

/// Is a record one of a call of this service?
pub fn is_call(record: &Record) -> bool {
    record.question.action.name.starts_with(CALL)
}

/// The answer of a record: how many a search found, else yes or no.
pub fn answer_of(words: Words, record: &Record) -> Markup {
    match &record.results {
        Some(results) if record.asked != RecordKind::Call => {
            words.with("found-count", [("count", results.count.into())])
        }
        _ => answer(words, record.decision),
    }
}
