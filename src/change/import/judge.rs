//! Who may import which lines, and what is recorded of each.

use std::collections::BTreeSet;

use crate::audit::Record;
use crate::change::import::import_error::ImportError;
use crate::change::judgement::Judgement;
use crate::change::line::{Line, LineEffect, effect_of};
use crate::domain::event::Event;
use crate::domain::grant::Multichannel;
use crate::id::{PartnerId, Revision};
use crate::limits::IMPORT_RELATIONSHIPS_MAX;
use crate::pdp::call::{Call, CallTarget, Undone, admit};
use crate::pdp::refusal::Denied;
use crate::policy::Bundle;
use crate::store::{BulkImport, StoreError};

/// Importing grants and commercial relationships speaks for customers and partners, so it is a call of its own.
const RELATIONSHIPS: &str = "importRelationships";

/// Judges lines, one after the other, and keeps what is to be said of them.
pub(crate) struct Judge<'a> {
    rules: &'a Bundle,
    call: &'a Call,
    multichannel: Multichannel,
    /// The lines are history: the store was empty, and the caller may write all of it.
    is_history: bool,
    /// Whether the caller may import relationships, and the record of that decision; once it was made.
    asked: Option<(Result<(), Denied>, Record)>,
    /// The partners that were asked whether they may request relationships.
    requested: BTreeSet<PartnerId>,
    /// How many lines changed relationships of a store that held facts.
    relationships: usize,
    events: Vec<Event>,
    records: Vec<Record>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        rules: &'a Bundle,
        call: &'a Call,
        multichannel: Multichannel,
        import: &BulkImport,
    ) -> Result<Self, StoreError> {
        let mut judge = Self {
            rules,
            call,
            multichannel,
            is_history: false,
            asked: None,
            requested: BTreeSet::new(),
            relationships: 0,
            events: Vec::new(),
            records: Vec::new(),
        };
        let is_empty = import.revision() == Revision(0);
        judge.is_history = is_empty && judge.may_import_relationships(import)?.is_ok();
        Ok(judge)
    }

    /// The effect of importing a line; `wrong` makes the error of a line that is not valid.
    pub(crate) fn line(
        &mut self,
        import: &BulkImport,
        line: &Line,
        wrong: impl Fn(String) -> ImportError,
    ) -> Result<LineEffect, Undone<ImportError>> {
        if line.is_relationship()
            && let Err(denied) = self.may_import_relationships(import)?
        {
            let record = self.asked.take().map(|(_, record)| record);
            return Err(Undone::denied(denied, record.into_iter().collect()));
        }
        let at = import.at();
        let judgement = Judgement { rules: self.rules, at, multichannel: self.multichannel };
        let judgement = (!self.is_history).then_some(&judgement);
        let mut effect = effect_of(&import.view(), at, line, judgement)
            .map_err(|error| error.map(|error| wrong(format!("{}: {error}", line.title()))))?;
        if line.is_relationship() && !self.is_history && !effect.change_set.is_empty() {
            self.relationships += 1;
            if self.relationships > IMPORT_RELATIONSHIPS_MAX {
                let most = format!(
                    "more than {IMPORT_RELATIONSHIPS_MAX} lines change grants and commercial relationships; import them in several files"
                );
                return Err(wrong(most).into());
            }
            self.events.append(&mut effect.change_set.events);
        }
        if let Some((partner, admission)) = effect.requested.take().map(|requested| *requested)
            && self.requested.insert(partner)
        {
            self.records.push(admission.record(self.call, self.rules));
        }
        Ok(effect)
    }

    /// What happened to relationships, and what was decided on the way.
    pub(crate) fn noted(self) -> (Vec<Event>, Vec<Record>) {
        let mut records = self.records;
        if let Some((Ok(()), record)) = self.asked {
            records.insert(0, record);
        }
        (self.events, records)
    }

    /// May the caller import grants and commercial relationships? Decided once.
    fn may_import_relationships(&mut self, import: &BulkImport) -> Result<Result<(), Denied>, StoreError> {
        if let Some((may, _)) = &self.asked {
            return Ok(may.clone());
        }
        let target = CallTarget::Installation;
        let admission = import.context(|context| {
            admit(self.rules, &context.view, context.at, &self.call.caller, RELATIONSHIPS, &target)
        })?;
        let may = admission.permit().map(drop);
        self.asked = Some((may.clone(), admission.record(self.call, self.rules)));
        Ok(may)
    }
}
