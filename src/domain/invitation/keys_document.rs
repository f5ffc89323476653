//! How link keys are kept: one document with a version, every seed checked against the id it is stored under.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{KEYS_VERSION, LINK_KEYS_MAX, LinkKey, LinkKeyError, LinkKeys};
use crate::clock::Timestamp;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysDocument {
    v: u64,
    keys: Vec<KeyDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyDocument {
    id: String,
    seed: String,
    created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<Timestamp>,
}

impl Serialize for LinkKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let keys = self.list().map(|key| KeyDocument {
            id: key.id.to_string(),
            seed: BASE64URL_NOPAD.encode(key.key.as_bytes()),
            created: key.created,
            retired: key.retired,
        });
        KeysDocument { v: KEYS_VERSION, keys: keys.collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LinkKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = serde_json::Value::deserialize(deserializer)?;
        Self::from_document(document).map_err(serde::de::Error::custom)
    }
}

impl LinkKeys {
    fn from_document(document: serde_json::Value) -> Result<Self, LinkKeyError> {
        // The version comes before the shape: a later version may have any shape.
        match document.get("v").and_then(serde_json::Value::as_u64) {
            Some(KEYS_VERSION) => {}
            Some(found) => return Err(LinkKeyError::Version { found }),
            None => return Err(unreadable("member `v` is no version")),
        }
        // The parser's own message could repeat a seed that stands in the wrong member.
        let document: KeysDocument = serde_json::from_value(document)
            .map_err(|_| unreadable("a member is missing, unknown or of another kind"))?;
        if document.keys.len() > LINK_KEYS_MAX {
            return Err(unreadable("there are too many keys"));
        }
        let mut keys: Vec<LinkKey> = Vec::new();
        for stored in document.keys {
            let id = stored.id.parse()?;
            let seed = BASE64URL_NOPAD
                .decode(stored.seed.as_bytes())
                .ok()
                .and_then(|seed| seed.try_into().ok())
                .ok_or_else(|| unreadable("a seed is not 32 bytes in base64url"))?;
            let key = LinkKey { retired: stored.retired, ..LinkKey::new(seed, stored.created) };
            if key.id != id {
                return Err(LinkKeyError::Mismatch { stored: id, derived: key.id });
            }
            if keys.iter().any(|known| known.id == id) {
                return Err(unreadable("a key stands there twice"));
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(unreadable("there is no key"));
        }
        let newest = keys.remove(0);
        if newest.retired.is_some() {
            return Err(unreadable("the newest key is retired and nothing else may sign"));
        }
        Ok(Self { newest, older: keys })
    }
}

fn unreadable(message: &str) -> LinkKeyError {
    LinkKeyError::Document { message: message.to_owned() }
}
