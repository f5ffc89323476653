//! The strict reader of request bodies.
//!
//! Two readers of one body must not see two different things, so what JSON leaves open is refused here: a member
//! that is named twice, a number no `f64` can hold, half a surrogate pair. Nesting is bounded before it is followed.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The deepest nesting that can be read whatever the caller allows; the parser's own bound lies one above it.
pub const DEPTH_CEILING: usize = 126;

/// The most characters of a caller's own words that an error repeats.
const QUOTE_LENGTH_MAX: usize = 200;

/// Names under which `serde_json` smuggles unparsed text through a value; read as data they would be parsed later,
/// past every check made here.
const RESERVED_PREFIX: &str = "$serde_json::private::";

/// Why a body is not JSON that has one meaning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Nothing but white space.
    #[error("the body is empty; send one JSON value")]
    Empty,
    /// Bytes that are no text.
    #[error("the body is not UTF-8; encode it as UTF-8")]
    NotUtf8,
    /// Text that is no JSON, or more than one value.
    #[error("line {line}, column {column}: {message}; send one JSON value as RFC 8259 writes it")]
    Malformed {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1.
        column: usize,
        /// What the parser found.
        message: String,
    },
    /// A member named twice in one object.
    #[error("line {line}, column {column}: member `{name}` is named twice; leave one of them out")]
    Duplicate {
        /// The name, cut when it is very long.
        name: String,
        /// The line of the second one, counted from 1.
        line: usize,
        /// The column after the second one's name in bytes, counted from 1.
        column: usize,
    },
    /// A member whose name the parser keeps for itself.
    #[error("line {line}, column {column}: member `{name}` has a reserved name; choose another")]
    Reserved {
        /// The name, cut when it is very long.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// The column after the name in bytes, counted from 1.
        column: usize,
    },
    /// Arrays and objects inside each other beyond the limit.
    #[error("arrays and objects stand more than {depth_max} deep; nest them less")]
    TooDeep {
        /// The deepest nesting that is read.
        depth_max: usize,
    },
}

/// Why a JSON value has not the members that are asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// The value as a whole is not what is asked for.
    #[error("the body: {message}")]
    Body {
        /// What is wrong with it.
        message: String,
    },
    /// A member, at whatever depth, is not what is asked for.
    #[error("member `{path}`: {message}")]
    Member {
        /// The way to the member, for example `changes[2].accept.services[0]`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
}

/// Reads one JSON value that has one meaning and stands at most `depth_max` arrays and objects deep.
///
/// The outermost array or object counts as 1; a text, number or word in it adds nothing. A `depth_max` above
/// [`DEPTH_CEILING`] is read as that.
///
/// # Errors
/// A [`JsonError`] that says where and what to do.
pub fn read(bytes: &[u8], depth_max: usize) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    if text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
        return Err(JsonError::Empty);
    }
    let depth_max = depth_max.min(DEPTH_CEILING);
    let fault = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth_left: depth_max, fault: &fault }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match fault.into_inner() {
            Some(Fault::Duplicate(name)) => JsonError::Duplicate { name, line, column },
            Some(Fault::Reserved(name)) => JsonError::Reserved { name, line, column },
            Some(Fault::TooDeep) => JsonError::TooDeep { depth_max },
            None => {
                JsonError::Malformed { line, column, message: without_position(&error) + typed(text, line, column) }
            }
        }
    })
}

/// Gives a value that was [`read`] its shape.
///
/// # Errors
/// A [`ShapeError`] that names the member.
pub fn of<T: DeserializeOwned>(value: Value) -> Result<T, ShapeError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = quoted(&error.path().to_string());
        let message = quoted(&in_our_words(&error.inner().to_string()));
        if error.path().iter().next().is_none() {
            ShapeError::Body { message }
        } else {
            ShapeError::Member { path, message }
        }
    })
}

/// What the parser itself does not refuse.
enum Fault {
    Duplicate(String),
    Reserved(String),
    TooDeep,
}

/// Where the walk keeps its fault: the parser's own error type carries text only.
type FaultCell = RefCell<Option<Fault>>;

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth_left: usize,
    fault: &'a FaultCell,
}

impl Strict<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(put(self.fault, Fault::TooDeep)),
        }
    }
}

fn put<E: serde::de::Error>(cell: &FaultCell, fault: Fault) -> E {
    cell.replace(Some(fault));
    E::custom("refused")
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            if values.is_empty() {
                // A vector's usual first room, for four, would quadruple the memory of a body full of arrays of one.
                values.reserve_exact(1);
            }
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key_seed(Name { taken: &map, fault: self.fault })? {
            let value = members.next_value_seed(inner)?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

/// Reads a member's name; refusing it here, not after its value, makes the error point at the name.
struct Name<'a> {
    taken: &'a Map<String, Value>,
    fault: &'a FaultCell,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<String, E> {
        if self.taken.contains_key(name) {
            return Err(put(self.fault, Fault::Duplicate(quoted(name))));
        }
        if name.starts_with(RESERVED_PREFIX) {
            return Err(put(self.fault, Fault::Reserved(quoted(name))));
        }
        Ok(name.to_owned())
    }
}

/// What an editor put where the parser stopped, where that is why: nobody sees it in the text.
fn typed(text: &str, line: usize, column: usize) -> &'static str {
    let at =
        text.split('\n').nth(line.saturating_sub(1)).and_then(|line| line.as_bytes().get(column.checked_sub(1)?..));
    let begins_with = |what: &str| at.is_some_and(|at| at.starts_with(what.as_bytes()));
    if begins_with("\u{feff}") {
        return ", and a byte order mark stands there: save the text as UTF-8 without one";
    }
    let is_curly = ["\u{201c}", "\u{201d}", "\u{201e}", "\u{2018}", "\u{2019}"].into_iter().any(begins_with);
    if is_curly { ", and a curly quotation mark stands there: write `\"`" } else { "" }
}

/// The parser's message alone: its position is told apart.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    quoted(message.strip_suffix(&position).unwrap_or(&message))
}

/// Says it in the words of JSON where serde uses those of our language.
fn in_our_words(message: &str) -> String {
    for kind in ["unknown", "missing", "duplicate"] {
        if let Some(rest) = message.strip_prefix(kind).and_then(|rest| rest.strip_prefix(" field ")) {
            return format!("{kind} member {rest}");
        }
    }
    // What was found may quote the caller, so only the last `expected` is ours.
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let found = match found {
        "invalid type: map" => "invalid type: object",
        "invalid type: sequence" => "invalid type: array",
        found => found,
    };
    let expected = match expected {
        "a map" => "an object",
        "a sequence" => "an array",
        expected if expected.starts_with("struct ") => "an object",
        expected => expected,
    };
    format!("{found}, expected {expected}")
}

/// A caller's words as an error may repeat them: on one line, and not a megabyte of them.
fn quoted(words: &str) -> String {
    let mut quoted = String::new();
    for (count, character) in words.chars().enumerate() {
        if count == QUOTE_LENGTH_MAX {
            quoted.push('…');
            break;
        }
        if character.is_control() {
            quoted.extend(character.escape_default());
        } else {
            quoted.push(character);
        }
    }
    quoted
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn what_an_editor_put_in_without_showing_it_is_named_where_it_stands() {
        let said = |text: &str| read(text.as_bytes(), 8).map_err(|error| error.to_string());
        for (text, named) in [
            ("\u{feff}{}", "line 1, column 1: expected value, and a byte order mark stands there"),
            ("{\u{201c}a\": 1}", "and a curly quotation mark stands there"),
            ("{\n \"a\": \u{2018}x\u{2019}}", "line 2, column 7: expected value, and a curly quotation mark"),
        ] {
            let said = said(text).unwrap_err();
            assert!(said.contains(named), "{text}: {said}");
        }
        assert!(said("{\"a\": \"\u{201c}x\u{201d}\"}").is_ok(), "within a text they are text");
        assert!(!said("{\"\u{201c}\": x}").unwrap_err().contains("curly"));
    }
}
