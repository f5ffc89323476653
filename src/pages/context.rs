//! What a page knows of whoever looks at it, and what it answers with.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use hyper::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::form::{Form, FormError, form_key, is_form_key, is_from_here, key_field};
use super::frame::{Shown, Viewer};
use super::held::Held;
use super::parameters::Parameters;
use super::setting::Setting;
use super::words::{Words, id, name};
use crate::caller::{Caller, Identity};
use crate::change::sessions::{OpenSession, random_bytes};
use crate::clock::Timestamp;
use crate::http::{Connection, SiteResponse, Streaming};
use crate::id::{CustomerId, PartnerId, ServiceName};
use crate::pdp::call::{Call, CallError, Coded, PreconditionError};
use crate::work::Progress;

/// A call of a page.
pub struct PageCall {
    /// What all pages share.
    pub setting: Arc<Setting>,
    /// Is there a page at a path that can be fetched, where a world of its own may be served?
    pub is_page: fn(path: &str, in_world: bool) -> bool,
    /// The language.
    pub words: Words,
    /// The call as the operations take it.
    pub call: Call,
    /// The session, where there is one.
    pub held: Option<Held>,
    /// The parts of the path.
    pub params: BTreeMap<String, String>,
    /// The path, as it was sent.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
    /// What it asks for.
    pub parameters: Parameters,
    /// The connection it came in by.
    pub connection: Connection,
    /// The headers.
    pub headers: HeaderMap,
    /// The origins that are this server's own.
    pub own_origins: Vec<String>,
    /// How far its work has come, for whoever waits for it.
    pub progress: Progress,
    /// How a stream is kept up.
    pub streaming: Streaming,
    /// The body.
    pub body: Bytes,
    /// When the form that is sent was done before, if it was.
    pub done_before: OnceLock<Timestamp>,
}

/// What was done, said once on the page that a form led to.
#[derive(Clone, Serialize, Deserialize)]
pub struct WhatWasDone {
    /// The key of the sentence.
    pub says: String,
    /// What stands in it.
    pub parts: BTreeMap<String, DonePart>,
}

impl WhatWasDone {
    /// A sentence in which nothing stands.
    #[must_use]
    pub fn plain(says: &str) -> Self {
        Self { says: says.to_owned(), parts: BTreeMap::new() }
    }
}

/// What stands in the sentence of what was done.
#[derive(Clone, Serialize, Deserialize)]
pub enum DonePart {
    /// Names, one after the other.
    Names(Vec<String>),
    /// A number.
    Number(usize),
    /// A day.
    Day(Timestamp),
    /// A moment.
    Moment(Timestamp),
}

/// What a page answers with.
pub enum Answer {
    /// A page.
    Shown(Box<Shown>),
    /// Another page, with cookies to set.
    SeeOther {
        /// Where it is.
        to: String,
        /// The cookies to set.
        cookies: Vec<String>,
    },
    /// A spreadsheet to be saved.
    Sheet {
        /// What it is called.
        name: &'static str,
        /// Its rows.
        bytes: Vec<u8>,
    },
    /// A file to be saved.
    File {
        /// What it is called.
        name: String,
        /// What it is.
        media: &'static str,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// What is made while it is sent.
    Streamed(Box<SiteResponse>),
}

impl From<Shown> for Answer {
    fn from(shown: Shown) -> Self {
        Self::Shown(Box::new(shown))
    }
}

/// Why a page cannot be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// There is no such page, or whoever looks may not see it: one and the same.
    NotFound,
    /// Whoever looks has to sign in first.
    SignIn,
    /// Whoever looks has to prove again who they are, and goes on at this address.
    ProveAgain(String),
    /// The form did not come from a page of ours.
    ForeignForm,
    /// What was sent cannot be read; the key of the sentence that says why, and what it is about.
    Unreadable(&'static str, String),
    /// It is refused; the code and the sentence.
    Refused(StatusCode, String, String),
    /// Too much was tried; for how long to wait.
    TooMany(Duration),
    /// It cannot be answered now.
    Unavailable,
    /// It takes longer than a page may.
    TookTooLong,
    /// It was made, and cannot be kept until it is fetched.
    NoRoom,
}

impl<E: Coded + Display> From<CallError<E>> for Fault {
    fn from(error: CallError<E>) -> Self {
        match error {
            CallError::Denied(_) => Self::NotFound,
            CallError::Precondition(PreconditionError::SessionEnded) => Self::SignIn,
            CallError::Precondition(error) => {
                Self::Refused(StatusCode::CONFLICT, error.code().to_owned(), error.to_string())
            }
            CallError::Store(_) => Self::Unavailable,
            CallError::Refused(error) if error.code().starts_with("unknown_") => Self::NotFound,
            CallError::Refused(error) => {
                Self::Refused(StatusCode::UNPROCESSABLE_ENTITY, error.code().to_owned(), error.to_string())
            }
        }
    }
}

impl From<FormError> for Fault {
    fn from(error: FormError) -> Self {
        match error {
            FormError::NoForm => Self::Unreadable("unreadable-form", String::new()),
            FormError::TooMany => Self::Unreadable("unreadable-too-many", String::new()),
            FormError::Unknown(name) => Self::Unreadable("unreadable-unknown", name),
            FormError::Repeated(name) => Self::Unreadable("unreadable-repeated", name),
        }
    }
}

impl PageCall {
    /// The same without what was sent: all that the frame round its answer needs.
    #[must_use]
    pub fn as_looked_at(&self) -> Self {
        Self {
            setting: Arc::clone(&self.setting),
            call: self.call.clone(),
            held: self.held.clone(),
            params: BTreeMap::new(),
            path: self.path.clone(),
            query: self.query.clone(),
            parameters: Parameters::default(),
            connection: self.connection.clone(),
            headers: self.headers.clone(),
            own_origins: Vec::new(),
            progress: self.progress.clone(),
            streaming: self.streaming.clone(),
            body: Bytes::new(),
            done_before: OnceLock::new(),
            ..*self
        }
    }

    /// A part of the path as what it names; what cannot be a name is not there.
    ///
    /// # Errors
    /// [`Fault::NotFound`].
    pub fn param<T: FromStr>(&self, name: &str) -> Result<T, Fault> {
        self.params.get(name).and_then(|text| text.parse().ok()).ok_or(Fault::NotFound)
    }

    /// A parameter of the query.
    #[must_use]
    pub fn asked(&self, name: &str) -> Option<String> {
        self.parameters.given(name).map(str::to_owned)
    }

    /// The address of the page.
    #[must_use]
    pub fn here(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// Refuses whoever has not said who they are.
    ///
    /// # Errors
    /// [`Fault::SignIn`].
    pub fn signed_in(&self) -> Result<(), Fault> {
        if self.call.caller == Caller::Visitor { Err(Fault::SignIn) } else { Ok(()) }
    }

    /// The customer that whoever looks speaks for.
    #[must_use]
    pub fn customer(&self) -> Option<&CustomerId> {
        match &self.call.caller {
            Caller::Customer { id } => Some(id),
            _ => None,
        }
    }

    /// The partner that whoever looks speaks for.
    #[must_use]
    pub fn partner(&self) -> Option<&PartnerId> {
        match &self.call.caller {
            Caller::Partner { id } => Some(id),
            _ => None,
        }
    }

    /// What whoever looks is called.
    #[must_use]
    pub fn called(&self) -> &str {
        self.held.as_ref().map_or("", |held| held.session.name.as_str())
    }

    /// A form of ours, with fields of these names besides its key and its own name; names with a star may stand
    /// several times. Where nobody is signed in a form has no key, and is of a page of ours because the browser says so.
    ///
    /// # Errors
    /// [`Fault::ForeignForm`] for one from elsewhere or with another key; [`Fault::Unreadable`].
    pub fn form(&self, names: &[&str]) -> Result<Form, Fault> {
        if !is_from_here(&self.headers, &self.own_origins) {
            return Err(Fault::ForeignForm);
        }
        let names: Vec<&str> = names.iter().copied().chain(["form_key", "once"]).collect();
        let form = Form::read(&self.headers, &self.body, &names)?;
        match &self.held {
            Some(held) if !is_form_key(&held.secret, form.text("form_key")) => Err(Fault::ForeignForm),
            _ => Ok(form),
        }
    }

    /// The call of a form that changes something: sent again it does nothing new.
    ///
    /// # Errors
    /// [`Fault::Unreadable`] for a form without a name of its own; [`Fault::Unavailable`] where the store cannot be read.
    pub fn sending(&self, form: &Form) -> Result<Call, Fault> {
        let idempotency = form.idempotency(&self.path);
        if idempotency.is_none() {
            return Err(Fault::Unreadable("unreadable-form", String::new()));
        }
        self.note_done_before(idempotency.as_ref())?;
        Ok(Call { idempotency, ..self.call.clone() })
    }

    /// The hidden fields of a form: its key and its own name.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when the system gives no random bytes.
    pub fn hidden(&self) -> Result<Markup, Fault> {
        let mut random = [0; 15];
        random_bytes(&self.setting.pdp, &mut random).map_err(|_| Fault::Unavailable)?;
        Ok(self.hidden_as(&data_encoding::BASE32_NOPAD.encode(&random)))
    }

    /// The hidden fields of a form that has its own name already.
    #[must_use]
    pub fn hidden_as(&self, once: &str) -> Markup {
        html! {
            @if let Some(held) = &self.held { (key_field(&held.secret)) }
            input type="hidden" name="once" value=(once);
        }
    }

    /// Who looks, for the frame.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        match &self.held {
            Some(held @ Held { session: OpenSession { identity, name, .. }, secret, called }) => {
                let person = called.clone().or_else(|| Some(identity.person.as_ref()?.subject.clone()));
                // Whoever acts for nobody else is called what the person is.
                let own = called.clone().filter(|_| matches!(identity.caller, Caller::Operator { .. }));
                Viewer::SignedIn {
                    caller: identity.caller.clone(),
                    name: own.unwrap_or_else(|| name.clone()),
                    person,
                    may_choose: held.may_choose(),
                    form_key: form_key(secret),
                }
            }
            None if self.call.caller == Identity::anonymous().caller => Viewer::Unasked,
            None => Viewer::Visitor,
        }
    }

    /// What a service is called.
    #[must_use]
    pub fn service(&self, service: &ServiceName) -> Markup {
        match self.setting.services.get(service) {
            Some(called) => name(called),
            None => id(service.as_str()),
        }
    }

    /// What a service is called, as plain text.
    #[must_use]
    pub fn service_text(&self, service: &ServiceName) -> String {
        self.setting.services.get(service).cloned().unwrap_or_else(|| service.to_string())
    }
}

/// The value of a cookie; nothing where it stands twice.
#[must_use]
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = None;
    for header in headers.get_all(hyper::header::COOKIE) {
        for pair in header.to_str().ok()?.split(';') {
            let Some((held, value)) = pair.trim().split_once('=') else { continue };
            if held == name {
                if found.is_some() {
                    return None;
                }
                found = Some(value.to_owned());
            }
        }
    }
    found
}

/// Is it the path of a page of ours, which cannot lead anywhere else?
#[must_use]
pub fn is_own_path(path: &str) -> bool {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    path.starts_with('/') && !path.starts_with("//") && is_plain && !path.contains("/../") && path.len() <= 2_048
}
