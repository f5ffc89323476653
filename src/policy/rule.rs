//! One rule: its name, its place, what it claims, and what is known of it besides its text.

use std::fmt;
use std::sync::Arc;

use cedar_policy::Policy;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::mention::Mention;
use super::sale::SaleWords;

/// The name of a rule: the path of its file without `policies/` and the ending, for example `may/remove-seats`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(Arc<str>);

impl RuleId {
    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name under which a claim that only the rules in force make is held against others.
    pub(crate) fn in_force(&self) -> Self {
        Self(format!("{IN_FORCE}{self}").into())
    }

    /// The name of the claim that is held so; nothing for any other name.
    pub(crate) fn of_in_force(&self) -> Option<Self> {
        self.0.strip_prefix(IN_FORCE).map(Self::from)
    }
}

/// How the names begin of claims that only the rules in force make.
const IN_FORCE: &str = "in force: ";

impl From<&str> for RuleId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where in the folder of rules a file stands, which says what it is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// What is allowed.
    May,
    /// What is refused whatever else is allowed.
    Never,
    /// A claim about all rules together; never part of what decides.
    Always,
    /// A rule of a world, which may permit or forbid.
    World,
}

impl Place {
    pub(super) fn of(path: &str, book: Rulebook) -> Option<Self> {
        match book {
            Rulebook::World => Some(Self::World),
            Rulebook::Domain => [("may/", Self::May), ("never/", Self::Never), ("always/", Self::Always)]
                .into_iter()
                .find_map(|(folder, place)| path.strip_prefix("policies/")?.starts_with(folder).then_some(place)),
        }
    }
}

/// What a claim claims about all rules together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// A ceiling: what its scope covers is allowed only when its condition holds.
    OnlyWhen,
    /// A floor: what its scope covers is allowed whenever its condition holds.
    Whenever,
}

impl Claim {
    /// The claim that is written so with `@claim`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "only-when" => Some(Self::OnlyWhen),
            "whenever" => Some(Self::Whenever),
            _ => None,
        }
    }
}

/// Which demands a set of rules has to meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rulebook {
    /// The rules of our own domain: one rule a file, named by its path, with a title and a source.
    Domain,
    /// The rules of a world of its own: any number a file, each with an `@id`.
    World,
}

/// What is known of one rule besides its text.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// Where it stands.
    pub place: Place,
    /// What it says, in one sentence.
    pub title: String,
    /// The clause it comes from.
    pub source: String,
    /// The reason a caller sees when a forbid refuses.
    pub reason: Option<String>,
    /// What it claims, when it is a claim.
    pub claim: Option<Claim>,
    /// The file it stands in.
    pub path: String,
    /// The line its `permit` or `forbid` stands on, from 1.
    pub line: usize,
    /// The rule as Cedar reads it.
    pub policy: Policy,
}

/// How many digits of a digest say which wording of a promise is meant.
const DIGITS: usize = 12;

/// The digest of what a promise says, shortened, which says which wording of it is meant.
#[must_use]
pub fn wording(said: &str) -> String {
    let mut digest = HEXLOWER.encode(&Sha256::digest(said));
    digest.truncate(DIGITS);
    digest
}

impl Rule {
    /// The entities that it names one by one, as Cedar writes them. What there is one of, as an action or this
    /// installation, is not among them: a row can show it.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mention = Mention::of(&self.policy).unwrap_or_default();
        let one_by_one = mention.named().filter(|(kind, _)| *kind != "Action" && !kind.starts_with("Api::"));
        one_by_one.map(|(kind, id)| format!("{kind}::{id:?}")).collect()
    }

    /// What it says, less its annotations and how it is laid out; nothing for one that cannot be written as JSON.
    pub(crate) fn said(&self) -> Option<serde_json::Value> {
        let mut json = self.policy.to_json().ok()?;
        json.as_object_mut()?.remove("annotations");
        Some(json)
    }

    /// The digest of what it promises as it is worded, shortened: by it a line that takes a claim away says which.
    #[must_use]
    pub fn wording(&self) -> String {
        wording(&format!("{:?} {}", self.claim, self.said().unwrap_or_default()))
    }

    /// What it says whichever way its schema says a sale.
    pub(super) fn promised(&self) -> Option<serde_json::Value> {
        SaleWords::Together.said(&self.said()?)
    }
}
