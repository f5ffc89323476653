//! The one reader of `Accept`: in which of the forms it can have the caller wants an answer.
//!
//! As RFC 9110 §12.5.1 has it: the most specific range that names a form says how much it is wanted, and a weight of 0
//! that it is not. Between forms that are wanted equally, the one that is named more closely goes first, then the one
//! that is named first, then the one the route gives by itself. That one is also given where none is named.

use std::cmp::Reverse;

use warp::http::header::ACCEPT;
use warp::http::{HeaderMap, StatusCode};

use super::problem::Problem;

pub(super) const JSON: &str = "application/json";
pub(super) const NDJSON: &str = "application/x-ndjson";
pub(super) const OCTETS: &str = "application/octet-stream";
pub(super) const TEXT: &str = "text/plain";

/// How much a form is wanted: by its weight, by how closely it is named, and by how early.
type Rank = (f32, usize, Reverse<usize>);

/// The form to answer in, of those offered; the first is what the route gives by itself.
///
/// # Errors
/// 406 `not_acceptable` where each form that would be given is refused outright.
pub(super) fn chosen<'a>(headers: &HeaderMap, offered: &[&'a str]) -> Result<&'a str, Problem> {
    let ranges = ranges(headers);
    let named = |form: &str| most_specific(&ranges, form);
    let mut best: Option<(Rank, &'a str)> = None;
    for form in offered {
        let Some((place, range)) = named(form) else { continue };
        let rank: Rank = (range.weight, range.closeness(), Reverse(place));
        if range.weight > 0.0 && best.is_none_or(|(before, _)| rank > before) {
            best = Some((rank, *form));
        }
    }
    let otherwise = offered.first().copied().filter(|form| named(form).is_none());
    best.map(|(_, form)| form).or(otherwise).ok_or_else(|| {
        let forms: Vec<String> = offered.iter().map(|form| format!("`{form}`")).collect();
        Problem::of(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            format!("`Accept` takes none of the forms this answer has: {}; name one of them", forms.join(", ")),
        )
    })
}

/// Would the caller take an answer of this form? Whoever says nothing takes anything.
pub(super) fn is_taken(headers: &HeaderMap, form: &str) -> bool {
    // Most say nothing, or this.
    if headers.get_all(ACCEPT).iter().all(|line| line == "*/*") {
        return true;
    }
    most_specific(&ranges(headers), form).is_some_and(|(_, range)| range.weight > 0.0)
}

fn ranges(headers: &HeaderMap) -> Vec<Range> {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(elements).filter_map(|text| Range::read(&text)).collect()
}

/// The range that says how much a form is wanted, with its place; of two that are equally close the first counts.
fn most_specific<'a>(ranges: &'a [Range], form: &str) -> Option<(usize, &'a Range)> {
    let of_form = ranges.iter().enumerate().filter(|(_, range)| range.covers(form));
    of_form.max_by_key(|(place, range)| (range.closeness(), std::cmp::Reverse(*place)))
}

/// One element of the header: which forms it names, and how much they are wanted.
struct Range {
    kind: String,
    subtype: String,
    has_parameters: bool,
    weight: f32,
}

impl Range {
    /// Reads an element; what is none says nothing, and neither does one that wants a form we do not have.
    fn read(element: &str) -> Option<Self> {
        let mut parts = element.split(';').map(str::trim);
        // Some programs write `*` for everything.
        let media = parts.next().map(|media| if media == "*" { "*/*" } else { media })?;
        let (kind, subtype) = media.split_once('/')?;
        let mut range = Self {
            kind: kind.trim().to_ascii_lowercase(),
            subtype: subtype.trim().to_ascii_lowercase(),
            has_parameters: false,
            weight: 1.0,
        };
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
            match name.as_str() {
                "q" => range.weight = value.parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?,
                // Every text is in UTF-8, and every table has a head.
                "charset" if value.eq_ignore_ascii_case("utf-8") => range.has_parameters = true,
                // Whoever reads figures names the versions of their forms.
                "version" if ["1.0.0", "0.0.4"].contains(&value) => range.has_parameters = true,
                "escaping" => range.has_parameters = true,
                "header" if value.eq_ignore_ascii_case("present") => range.has_parameters = true,
                _ => return None,
            }
        }
        Some(range)
    }

    fn covers(&self, form: &str) -> bool {
        let (kind, subtype) = form.split_once('/').unwrap_or((form, ""));
        let is_any = self.kind == "*" && self.subtype == "*";
        is_any || self.kind == kind && (self.subtype == "*" || self.subtype == subtype)
    }

    /// How closely it names a form.
    fn closeness(&self) -> usize {
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", _) => 0,
            (_, "*") => 1,
            _ => 2 + usize::from(self.has_parameters),
        }
    }
}

/// The elements of a line; a comma in quotes parts none.
fn elements(line: &str) -> Vec<String> {
    let (mut elements, mut is_quoted) = (vec![String::new()], false);
    for character in line.chars() {
        is_quoted ^= character == '"';
        if character == ',' && !is_quoted {
            elements.push(String::new());
        } else if let Some(last) = elements.last_mut() {
            last.push(character);
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::{JSON, TEXT, chosen};
    use warp::http::HeaderMap;
    use warp::http::header::{ACCEPT, HeaderValue};

    const STREAM: &str = "text/event-stream";

    #[test]
    fn weights_count_and_the_most_specific_range_says_how_much_a_form_is_wanted() {
        let cases: &[(&[&'static str], Option<&str>)] = &[
            (&[], Some(JSON)),
            (&[""], Some(JSON)),
            (&["*/*"], Some(JSON)),
            (&["*"], Some(JSON)),
            (&["image/png"], Some(JSON)),
            (&["nonsense"], Some(JSON)),
            (&["text/event-stream"], Some(STREAM)),
            (&["TEXT/Event-Stream; Q=0.5"], Some(STREAM)),
            (&["application/json, text/event-stream;q=0"], Some(JSON)),
            (&["text/event-stream;q=0"], Some(JSON)),
            (&["text/event-stream;q=0.000, */*;q=0.1"], Some(JSON)),
            (&["text/event-stream;q=0.4, application/json;q=0.5"], Some(JSON)),
            (&["text/event-stream;q=0.5, application/json;q=0.4"], Some(STREAM)),
            (&["application/json;q=0.4", "text/event-stream;q=0.5"], Some(STREAM)),
            (&["application/json, text/event-stream"], Some(JSON)),
            (&["text/event-stream, application/json"], Some(STREAM)),
            (&["*/*, text/event-stream"], Some(STREAM)),
            (&["text/*, */*;q=0.5"], Some(STREAM)),
            (&["text/*;q=0.3, text/plain;q=0.9, */*;q=0.5"], Some(TEXT)),
            (&["text/plain;q=0, text/*"], Some(STREAM)),
            (&["application/json;q=0, text/plain;q=0.1"], Some(TEXT)),
            (&["application/json;charset=utf-8;q=0.1, text/plain;q=0.2"], Some(TEXT)),
            (&["application/json;profile=\"a,b\";q=0, */*"], Some(JSON)),
            (&["text/event-stream;q=2"], Some(JSON)),
            (&["text/event-stream;q=nan"], Some(JSON)),
            (&["application/json;q=0"], None),
            (&["*/*;q=0"], None),
            (&["application/*;q=0, text/*;q=0"], None),
        ];
        for (lines, wanted) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(ACCEPT, HeaderValue::from_static(line));
            }
            let found = chosen(&headers, &[JSON, STREAM, TEXT]).ok();
            assert_eq!(found, *wanted, "{lines:?}");
        }
    }
}
