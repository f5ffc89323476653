//! What a caller asked of a search, as the tokens of its pages hold it: pages belong together when it is the same.

use data_encoding::HEXLOWER;
use serde_json::Value;

use crate::answer::past::{AsOf, ReadOptions};
use crate::answer::search::digest::digest;
use crate::question::{Members, Question};
use crate::store::StoreError;

/// The digest of the question of a search, with everything the caller said.
pub(crate) type QuestionDigest = [u8; 32];

/// The digest of a question as it is written.
pub(crate) fn question_digest(question: &Question) -> Result<QuestionDigest, StoreError> {
    Ok(digest(&[&bytes(question)?]))
}

/// The digest of a question as it was asked: in whatever order its members came, and of what day and by which rules,
/// where the caller chose them.
pub(crate) fn asked_digest(question: &Question, options: &ReadOptions) -> Result<QuestionDigest, StoreError> {
    let mut question = question.clone();
    let Question { subject, action, resource, context } = &mut question;
    for members in [&mut subject.properties, &mut action.properties, &mut resource.properties, context] {
        put_in_order(members);
    }
    let question = bytes(&question)?;
    let moment = options.as_of.map(|as_of| match as_of {
        AsOf::Revision(revision) => format!("as of revision {revision}"),
        AsOf::Time(time) => format!("as of {time}"),
    });
    let rules = options.rules.as_ref().map(|rules| format!("by the rules {rules}"));
    let chosen = [moment, rules].into_iter().flatten().collect::<Vec<_>>();
    let parts: Vec<&[u8]> = [question.as_slice()].into_iter().chain(chosen.iter().map(String::as_bytes)).collect();
    Ok(digest(&parts))
}

fn bytes(question: &Question) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(question).map_err(|error| StoreError::Unusable(error.to_string()))
}

fn put_in_order(members: &mut Members) {
    members.sort_keys();
    members.values_mut().for_each(Value::sort_all_objects);
}

const PROPERTIES_BYTES: usize = 16;

/// What a caller said in the `page.properties` of a search, as a digest. Nothing is read of it; but pages belong
/// together only where it is the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageProperties([u8; PROPERTIES_BYTES]);

impl PageProperties {
    /// The digest of what was said; nothing when that is nothing.
    #[must_use]
    pub fn of(said: &Members) -> Option<Self> {
        let mut said = said.clone();
        put_in_order(&mut said);
        (!said.is_empty()).then(|| Self(digest(&[Value::Object(said).to_string().as_bytes()])))
    }

    pub(crate) fn from_bytes(bytes: [u8; PROPERTIES_BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; PROPERTIES_BYTES] {
        &self.0
    }

    /// As a record has it, in hexadecimal.
    pub(crate) fn text(self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// As a record has it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }
}
