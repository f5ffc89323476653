//! What was done, said once on the page that a form led to.

use data_encoding::BASE64URL_NOPAD;
use maud::Markup;

use super::context::{Answer, DonePart, Fault, PageCall, WhatWasDone, cookie};
use super::form::{code, is_code};
use super::when::{day, moment};
use super::words::name;
use crate::pdp::call::{Idempotency, done_under};

/// How long what was done waits to be said, in seconds.
const DONE_WITHIN_SECONDS: u64 = 120;
/// What the code of what was done is over, besides what it says.
const DONE_WORD: &str = "standing done ";

impl PageCall {
    /// Notes when a form was done before, where it is sent again.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub(super) fn note_done_before(&self, sent: Option<&Idempotency>) -> Result<(), Fault> {
        let Some(Idempotency { key, request }) = sent else { return Ok(()) };
        let done = done_under(&self.setting.pdp, &self.call.caller, key, request).map_err(|_| Fault::Unavailable)?;
        if let Some(at) = done {
            self.done_before.get_or_init(|| at);
        }
        Ok(())
    }

    /// Another page, on which it is said once what was done. Of a form that is sent again that is no longer news: what it
    /// did may have been undone since, so it is said that it was done before, and when.
    #[must_use]
    pub fn see_done(&self, to: String, done: &WhatWasDone) -> Answer {
        let before = self.done_before.get().map(|at| WhatWasDone {
            says: "done-before".to_owned(),
            parts: [("at".to_owned(), DonePart::Moment(*at))].into(),
        });
        let mut cookies = Vec::new();
        if let (Some(held), Ok(text)) = (&self.held, serde_json::to_vec(before.as_ref().unwrap_or(done))) {
            let text = BASE64URL_NOPAD.encode(&text);
            let code = code(&held.secret, format!("{DONE_WORD}{text}").as_bytes());
            let value = format!("{text}.{code}");
            cookies.push(self.setting.set_cookie(self.setting.done_cookie(), &value, Some(DONE_WITHIN_SECONDS)));
        }
        Answer::SeeOther { to, cookies }
    }

    /// What was done just before, if this page is to say it.
    #[must_use]
    pub fn what_was_done(&self) -> Option<Markup> {
        let given = cookie(&self.headers, self.setting.done_cookie())?;
        let (text, given_code) = given.split_once('.')?;
        let held = self.held.as_ref()?;
        if !is_code(&held.secret, format!("{DONE_WORD}{text}").as_bytes(), given_code) {
            return None;
        }
        let done: WhatWasDone = serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
        let part = |called: &str| match done.parts.get(called) {
            Some(DonePart::Names(names)) => {
                let names: Vec<Markup> = names.iter().map(|called| name(called)).collect();
                self.words.list(&names).into()
            }
            Some(DonePart::Number(number)) => (*number).into(),
            Some(DonePart::Day(at)) => day(self.words, *at).into(),
            Some(DonePart::Moment(at)) => moment(self.words, *at).into(),
            None => "".into(),
        };
        let parts = ["partner", "other", "services", "displaced", "count", "passed", "names", "ends", "at"];
        Some(self.words.with(&done.says, parts.map(|called| (called, part(called)))))
    }
}
