//! What a call says in its query: each parameter once, and none that nobody asked for.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::problem::Problem;

/// The parameters that nobody has asked for yet.
pub(super) struct Query(BTreeMap<String, Given>);

struct Given {
    text: String,
    /// Was a blank of it written as a plus?
    has_plus: bool,
}

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
            let given = Given { text: text.into_owned(), has_plus };
            if parameters.insert(name.clone().into_owned(), given).is_some() {
                return Err(Problem::bad(
                    "repeated_parameter",
                    format!("`{name}` stands twice in the query; give it once"),
                ));
            }
        }
        Ok(Self(parameters))
    }

    /// Takes a parameter, if it is there.
    ///
    /// # Errors
    /// 400 `invalid_parameter` for one that cannot be what it is to be.
    pub(super) fn take<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let Some(Given { text, .. }) = self.0.remove(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|error: T::Err| invalid(name, &text, &error.to_string()))
    }

    /// Takes a parameter that holds an id as it was once written: a plus may stand in one and is a blank in a query, so
    /// a blank is refused, or it would be about another id; where ids may hold blanks, one that is written `%20` is not.
    ///
    /// # Errors
    /// 400 `invalid_parameter`.
    pub(super) fn take_id(&mut self, name: &str, may_hold_blanks: bool) -> Result<Option<String>, Problem> {
        let Some(Given { text, has_plus }) = self.0.remove(name) else { return Ok(None) };
        if text.contains(' ') && (has_plus || !may_hold_blanks) {
            return Err(invalid(name, &text, "an id holds no blank"));
        }
        Ok(Some(text))
    }

    /// A parameter that nobody asked for.
    pub(super) fn unknown(&self) -> Option<&str> {
        self.0.keys().next().map(String::as_str)
    }
}

/// The problem of a parameter that cannot be what it says.
pub(super) fn invalid(name: &str, text: &str, why: &str) -> Problem {
    let hint = if text.contains(' ') { "; a `+` in a query is a blank, so write it as `%2B`" } else { "" };
    Problem::bad("invalid_parameter", format!("`{name}` cannot be `{text}`: {why}{hint}"))
}
