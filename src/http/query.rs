//! The query of a call: each parameter once, as a member of the type that a handler reads, and none that no
//! handler reads.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::problem::Problem;

/// The parameters that nobody has read yet.
pub(super) struct Query(BTreeMap<String, Text>);

/// What a parameter says.
struct Text {
    text: String,
    /// Was a blank of it written as a plus?
    has_plus: bool,
}

/// An id of this store, or of the world that is served, as it was written.
#[derive(serde::Deserialize)]
pub(super) struct IdText(pub(super) String);

/// A name that somebody else gave, in which a blank may stand.
#[derive(serde::Deserialize)]
pub(super) struct NameText(pub(super) String);

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// 400 `repeated_parameter`.
    pub(super) fn read(query: &str) -> Result<Self, Problem> {
        let mut parameters = BTreeMap::new();
        for pair in query.split('&') {
            let Some((name, text)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
            let has_plus = pair.split_once('=').is_some_and(|(_, written)| written.contains('+'));
            let given = Text { text: text.into_owned(), has_plus };
            if parameters.insert(name.clone().into_owned(), given).is_some() {
                return Err(Problem::bad(
                    "repeated_parameter",
                    format!("`{name}` stands twice in the query; give it once"),
                ));
            }
        }
        Ok(Self(parameters))
    }

    /// Takes the parameters that are members of a type. A plus may stand in an id and is a blank in a query, so a blank
    /// in an id is refused, or it would be about another; where ids may hold blanks, one that is written `%20` is not.
    ///
    /// # Errors
    /// 400 `invalid_parameter` for one that cannot be what it is to be.
    pub(super) fn take<T: DeserializeOwned>(&mut self, ids_hold_blanks: bool) -> Result<T, Problem> {
        T::deserialize(Members { query: self, ids_hold_blanks }).map_err(|error| match error {
            Unread::Parameter(problem) => problem,
            Unread::Said(_) => Problem::internal(),
        })
    }

    /// A parameter that nobody read.
    pub(super) fn unknown(&self) -> Option<&str> {
        self.0.keys().next().map(String::as_str)
    }
}

/// The problem of a parameter that cannot be what it says.
pub(super) fn invalid(name: &str, text: &str, why: &str) -> Problem {
    let hint = if text.contains(' ') { "; a `+` in a query is a blank, so write it as `%2B`" } else { "" };
    Problem::bad("invalid_parameter", format!("`{name}` cannot be `{text}`: {why}{hint}"))
}

/// Reads a member that is there from its text, for types that are read from nothing else.
pub(super) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(given: D) -> Result<Option<T>, D::Error> {
    String::deserialize(given)?.parse().map(Some).map_err(D::Error::custom)
}

/// Why a parameter cannot be read: what its type says, and once it is known which one it is, the problem.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("{0}")]
    Said(String),
    #[error("a parameter cannot be read")]
    Parameter(Problem),
}

impl serde::de::Error for Unread {
    fn custom<T: Display>(says: T) -> Self {
        Self::Said(says.to_string())
    }
}

/// The parameters as the members of a type.
struct Members<'a> {
    query: &'a mut Query,
    ids_hold_blanks: bool,
}

impl<'de> Deserializer<'de> for Members<'_> {
    type Error = Unread;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        visitor.visit_map(Given { members: self, names: names.iter(), next: None })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unread> {
        Err(Unread::custom("parameters are the members of a type"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Those members that are given.
struct Given<'a> {
    members: Members<'a>,
    names: std::slice::Iter<'static, &'static str>,
    next: Option<(&'static str, Text)>,
}

impl<'de> MapAccess<'de> for Given<'_> {
    type Error = Unread;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unread> {
        let given = &mut self.members.query.0;
        self.next = self.names.find_map(|&name| Some((name, given.remove(name)?)));
        self.next.as_ref().map(|(name, _)| seed.deserialize((*name).into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unread> {
        let Some((name, text)) = self.next.take() else { return Err(Unread::custom("no value without a name")) };
        let ids_hold_blanks = self.members.ids_hold_blanks;
        seed.deserialize(Parameter { text: &text, ids_hold_blanks }).map_err(|error| match error {
            Unread::Said(why) => Unread::Parameter(invalid(name, &text.text, &why)),
            named => named,
        })
    }
}

/// One parameter: text, of which its type makes something.
struct Parameter<'a> {
    text: &'a Text,
    ids_hold_blanks: bool,
}

impl Parameter<'_> {
    fn parsed<T: FromStr<Err: Display>>(&self) -> Result<T, Unread> {
        self.text.text.parse().map_err(|error: T::Err| Unread::custom(error))
    }
}

impl<'de> Deserializer<'de> for Parameter<'_> {
    type Error = Unread;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_str(&self.text.text)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_bool(self.parsed()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_u64(self.parsed()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, kind: &'static str, visitor: V) -> Result<V::Value, Unread> {
        let holds_blanks = match kind {
            "IdText" => self.ids_hold_blanks,
            "NameText" => true,
            _ => return visitor.visit_newtype_struct(self),
        };
        if self.text.text.contains(' ') && (self.text.has_plus || !holds_blanks) {
            return Err(Unread::custom("an id holds no blank"));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        visitor.visit_enum(self.text.text.as_str().into_deserializer())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}
