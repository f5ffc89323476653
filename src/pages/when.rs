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

/// A moment as plain text, for titles.
#[must_use]
pub fn moment_text(words: Words, at: Timestamp) -> String {
    said(words, at, true)
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
    if with_time { format!("{date}, {:02}:{:02} UTC", zoned.hour(), zoned.minute()) } else { date }
}
