//! What a caller takes, as an `Accept` header says it (RFC 9110 §12.5.1).

use warp::http::HeaderMap;
use warp::http::header::ACCEPT;

/// The weight of what is wanted most.
const WEIGHT_MAX: u16 = 1000;

/// Would the caller take an answer of this media type? Of several ranges that cover it the most exact one counts, and a
/// weight of 0 refuses it; whoever says nothing takes anything.
pub(super) fn is_taken(headers: &HeaderMap, media: &str) -> bool {
    if !headers.contains_key(ACCEPT) {
        return true;
    }
    let said = headers.get_all(ACCEPT).iter().filter_map(|said| said.to_str().ok());
    let ranges = said.flat_map(|said| said.split(',')).map(|range| {
        let mut parts = range.split(';').map(str::trim);
        (parts.next().unwrap_or_default(), parts)
    });
    let covering = ranges.filter_map(|(range, parameters)| Some((exactness(range, media)?, weight(parameters))));
    covering.max().is_some_and(|(_, weight)| weight > 0)
}

/// How exactly a range names a media type; nothing when it does not cover it.
fn exactness(range: &str, media: &str) -> Option<u8> {
    let kind = media.split('/').next().unwrap_or_default();
    if range.eq_ignore_ascii_case(media) {
        return Some(2);
    }
    match range.strip_suffix("/*")? {
        "*" => Some(0),
        covered => covered.eq_ignore_ascii_case(kind).then_some(1),
    }
}

/// The weight among the parameters of a range, in thousandths; one that is none refuses.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> u16 {
    let weight = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(weight) = weight else { return WEIGHT_MAX };
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    let is_decimal = part.len() <= 3 && part.bytes().all(|digit| digit.is_ascii_digit());
    match (whole, format!("{part:0<3}").parse::<u16>()) {
        ("0", Ok(thousandths)) if is_decimal => thousandths,
        ("1", Ok(0)) if is_decimal => WEIGHT_MAX,
        _ => 0,
    }
}
