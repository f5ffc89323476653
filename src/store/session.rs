//! Sessions of people on the pages, as they are kept.

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::log::WriteContext;
use super::metadata_changes::MetadataChanges;
use super::redb_file::Store;
use super::view::decode;
use crate::caller::{Caller, Person};
use crate::clock::Timestamp;
use crate::id::{SessionId, TokenId};

/// By whose word a session began, where somebody signed in at a provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedInAt {
    /// The provider's issuer.
    pub issuer: String,
    /// What the settings let its people act as at that time: under other settings the session opens nothing.
    pub rules: [u8; 32],
    /// Everything the person may act as.
    pub may_act_as: Vec<Caller>,
}

/// A session as it is kept: never the secret of its cookie, only the hash of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its public name.
    pub id: SessionId,
    /// Whom it speaks for.
    pub caller: Caller,
    /// Whose it is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// What people call whom it speaks for, as it was when the session began.
    pub name: String,
    /// The token it began with, and dies with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// The provider it began at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in_at: Option<SignedInAt>,
    /// When it began; where a role was changed in it, the one before.
    pub begun: Timestamp,
    /// When the person last proved who they are.
    pub proved: Timestamp,
    /// When it was ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The SHA-256 of the secret.
    pub sha256: [u8; 32],
}

impl Session {
    /// When it was seen last, where this was written of that.
    #[must_use]
    pub fn seen_last(&self, written: Option<Timestamp>) -> Timestamp {
        written.map_or(self.begun, |seen| seen.max(self.begun))
    }
}

/// Sessions, in the order of their names.
const SESSION: &[u8] = b"us";
/// Which sessions of somebody were begun and not ended, by the SHA-256 of who it is.
const OPEN: &[u8] = b"uo";
/// When all sessions of somebody were ended at once, by the SHA-256 of who it is.
const ENDED: &[u8] = b"ue";
/// When a session was last seen: no entry of the journal, because nothing opens by it.
const SEEN: &[u8] = b"y";

fn key(kind: &[u8], rest: &[u8]) -> Vec<u8> {
    [kind, rest].concat()
}

impl Store {
    /// A session by its public name.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read, or is not the one that the journal knows; then nobody is let in.
    pub fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.metadata(|metadata| metadata.row(&key(SESSION, id.as_str().as_bytes())))
    }

    /// Every session that was begun, ended or not, in the order of their names, and the names of those that are not the
    /// ones that the journal knows.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn sessions(&self) -> Result<(Vec<Session>, Vec<String>), StoreError> {
        self.metadata(|metadata| {
            let (mut sessions, mut altered) = (Vec::new(), Vec::new());
            for key in metadata.keys(SESSION, b"ut") {
                match metadata.row(key) {
                    Ok(session) => sessions.extend(session),
                    Err(StoreError::Altered(_)) => {
                        let name = key.get(SESSION.len()..).unwrap_or_default();
                        altered.push(String::from_utf8_lossy(name).into_owned());
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok((sessions, altered))
        })
    }

    /// When a session was last seen, as it was last written; nothing where it never was.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn session_seen(&self, id: &SessionId) -> Result<Option<Timestamp>, StoreError> {
        self.unjournaled(&key(SEEN, id.as_str().as_bytes()))
    }

    /// Writes when a session was last seen.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be written.
    pub async fn see_session(&self, id: &SessionId, at: Timestamp) -> Result<(), StoreError> {
        self.put_unjournaled(key(SEEN, id.as_str().as_bytes()), &at).await
    }
}

impl WriteContext<'_> {
    /// A session by its public name, as it is where the change is made.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.metadata.row(&key(SESSION, id.as_str().as_bytes()))
    }

    /// When a session was last seen, as it was last written; nothing where it never was.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn session_seen(&self, id: &SessionId) -> Result<Option<Timestamp>, StoreError> {
        let found = self.metadata.metadata_table.bytes(&key(SEEN, id.as_str().as_bytes()))?;
        found.map(|found| decode(&found)).transpose()
    }

    /// The sessions of somebody that were begun and not ended, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn open_sessions(&self, of: &[u8; 32]) -> Result<Vec<SessionId>, StoreError> {
        Ok(self.metadata.row(&key(OPEN, of))?.unwrap_or_default())
    }

    /// When all sessions of somebody were last ended at once; nothing where they never were.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn sessions_ended(&self, of: &[u8; 32]) -> Result<Option<Timestamp>, StoreError> {
        self.metadata.row(&key(ENDED, of))
    }
}

impl MetadataChanges {
    /// Stores a session as it is now.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.put(key(SESSION, session.id.as_str().as_bytes()), session)
    }

    /// Stores which sessions of somebody are open.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_open_sessions(&mut self, of: &[u8; 32], sessions: &[SessionId]) -> Result<(), StoreError> {
        self.put(key(OPEN, of), &sessions)
    }

    /// Stores when all sessions of somebody were ended at once.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_sessions_ended(&mut self, of: &[u8; 32], at: Timestamp) -> Result<(), StoreError> {
        self.put(key(ENDED, of), &at)
    }
}
