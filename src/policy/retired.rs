//! Promises that are taken away on purpose: a line for each in a file of the set, which says who took it away and why.
//!
//! ```text
//! retired: `always/the-seller-is-billed` (0123456789ab) by Ada on 2026-11-25: the agreement of 2027 bills otherwise
//! ```
//!
//! Before the name may stand a `-`. What stands in brackets says which wording goes, and may be left out; so may the day.

use std::fmt;

use super::finding::Finding;
use super::source::RuleFiles;

/// The file that holds the lines.
pub const RETIRED: &str = "policies/retired.md";

/// What every line begins with.
const WORD: &str = "retired:";
/// How a line is written.
const FORM: &str = "write `retired: always/NAME by WHO: WHY` or `retired: tables/ACTION by WHO: WHY`, or have `standing rules retire` write it";

/// A line that takes a promise away.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Retirement {
    /// The promise: a claim by its name, or the signed rows of an action as `tables/ACTION`.
    pub promise: String,
    /// The digest of what it said, shortened; nothing where any wording of it may go.
    pub said: Option<String>,
    /// Who takes it away.
    pub by: String,
    /// On which day.
    pub on: Option<String>,
    /// Why.
    pub why: String,
}

impl Retirement {
    /// The same line whatever wording it is about.
    #[must_use]
    pub fn of_any(&self) -> Self {
        Self { said: None, ..self.clone() }
    }

    fn read(line: &str) -> Option<Self> {
        let (named, why) = line.split_once(": ")?;
        let (promise, who) = named.split_once(" by ")?;
        let (name, said) = match promise.split_once('(') {
            Some((name, said)) => (name, Some(said.trim().strip_suffix(')')?.trim().to_owned())),
            None => (promise, None),
        };
        let name = name.trim().trim_matches('`');
        let is_day = |day: &str| day.trim().parse::<jiff::civil::Date>().is_ok();
        let (by, on) = match who.rsplit_once(" on ") {
            Some((by, day)) if is_day(day) => (by, Some(day.trim().to_owned())),
            _ => (who, None),
        };
        let (by, why) = (by.trim(), why.trim());
        let is_promise = ["always/", "tables/"].iter().any(|place| name.starts_with(place) && name.len() > place.len());
        let is_whole = is_promise && !name.contains(char::is_whitespace) && !by.is_empty() && !why.is_empty();
        let (promise, by, why) = (name.to_owned(), by.to_owned(), why.to_owned());
        is_whole.then_some(Self { promise, said, by, on, why })
    }
}

impl fmt::Display for Retirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WORD} `{}`", self.promise)?;
        if let Some(said) = &self.said {
            write!(f, " ({said})")?;
        }
        write!(f, " by {}", self.by)?;
        if let Some(on) = &self.on {
            write!(f, " on {on}")?;
        }
        write!(f, ": {}", self.why)
    }
}

/// The promises that a set takes away on purpose, line by line.
#[must_use]
pub fn retirements(files: &RuleFiles) -> Vec<Retirement> {
    lines(files).filter_map(|(_, line)| Retirement::read(line)).collect()
}

/// The lines that begin as one of them and name no promise, nobody or no reason.
pub(super) fn unreadable_lines(files: &RuleFiles) -> Vec<Finding> {
    let text = files.get(RETIRED).unwrap_or_default();
    let unreadable = lines(files).filter(|(_, line)| Retirement::read(line).is_none());
    let message = "the line takes no promise away: it names none, or says not who and why".to_owned();
    unreadable.map(|(at, _)| Finding::at(RETIRED, text, at, message.clone(), Some(FORM.to_owned()))).collect()
}

/// What follows the word of each line, with the place of the line.
fn lines(files: &RuleFiles) -> impl Iterator<Item = (usize, &str)> {
    let text = files.get(RETIRED).unwrap_or_default();
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = start;
        start += line.len();
        let said = line.trim().trim_start_matches(['-', '*']).trim_start();
        Some((at, said.strip_prefix(WORD)?))
    })
}
