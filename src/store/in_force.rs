//! When sets of rules were activated, and why.

use serde::{Deserialize, Serialize};

use crate::assure::promises::Retired;
use crate::clock::Timestamp;

/// Why a set of rules was activated.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// The service started with it.
    #[default]
    Start,
    /// The files that are watched were changed.
    Files,
    /// It was proposed and approved.
    Published,
    /// It had been in force before and was rolled back to, in an emergency or by a proposal.
    RolledBack,
}

/// When a set of rules was activated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InForce {
    /// The digest of the rules.
    pub digest: String,
    /// Who activated them.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    #[serde(default)]
    pub why: Why,
    /// The proposal that was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
    /// The comment of the person who approved them or rolled them back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Were they rolled back to by one person alone, in an emergency?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
    /// The folder its files were read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The promises of the rules before that went with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use crate::store::view::{decode, encode};

    #[test]
    fn a_row_of_before_there_was_a_why_is_a_start() {
        #[derive(Serialize)]
        struct Before {
            digest: String,
            by: String,
            at: Timestamp,
        }
        let row = encode(&Before { digest: "d".into(), by: "start".into(), at: Timestamp::UNIX_EPOCH }).unwrap();
        let read: InForce = decode(&row).unwrap();
        assert_eq!((read.digest.as_str(), read.why, read.proposal), ("d", Why::Start, None));
        assert_eq!((read.folder.as_deref(), read.retired.len()), (None, 0));
        assert_eq!(decode::<InForce>(&encode(&read).unwrap()).unwrap(), read);
    }
}
