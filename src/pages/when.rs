//! Moments, in the form of the language, with their zone.

use maud::{Markup, html};

use super::words::{Language, Words};
use crate::clock::Timestamp;

/// A day, as a person reads it.
#[must_use]
pub fn day(words: Words, at: Timestamp) -> Markup {
    let text = said(words, at, false);
    html! { time datetime=(date(at)) { (text) } }
}

/// A moment to the minute, with its zone.
#[must_use]
pub fn moment(words: Words, at: Timestamp) -> Markup {
    let text = said(words, at, true);
    html! { time datetime=(at) { (text) } }
}

/// The day of a moment as forms hold it.
#[must_use]
pub fn date(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

fn said(words: Words, at: Timestamp, with_time: bool) -> String {
    let zoned = at.to_zoned(jiff::tz::TimeZone::UTC);
    let (year, day) = (zoned.year(), zoned.day());
    let month = words.say(&format!("month-{}", zoned.month()));
    let date = match words.0 {
        Language::English => format!("{day} {month} {year}"),
        Language::Chinese => format!("{year}年{month}{day}日"),
    };
    let between = match words.0 {
        Language::English => ", ",
        Language::Chinese => " ",
    };
    if with_time { format!("{date}{between}{:02}:{:02} UTC", zoned.hour(), zoned.minute()) } else { date }
}

#[cfg(test)]
mod tests {
    use super::{Language, Words, said};
    use crate::clock::Timestamp;

    #[test]
    fn a_moment_is_written_as_its_language_writes_one() {
        let at: Timestamp = "2026-11-27T20:25:00Z".parse().unwrap_or_else(|_| unreachable!("it is a moment"));
        let said = |language| said(Words(language), at, true);
        assert_eq!(said(Language::English), "27 November 2026, 20:25 UTC");
        assert_eq!(said(Language::Chinese), "2026年11月27日 20:25 UTC");
    }
}
