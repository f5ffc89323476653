//! The parameters of a page's query: each once, and none that the page does not have.

use std::collections::BTreeMap;

use super::address::address;
use super::form::FormError;

/// The parameters that say how something is shown, and not what is looked for.
const OF_SHOWING: [&str; 2] = ["cursor", "format"];

/// What a page is asked for, as it was typed.
#[derive(Clone, Default, Debug)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads the parameters of these names; whatever is empty is not there, nor any other where a page takes any.
    ///
    /// # Errors
    /// [`FormError::Unknown`], [`FormError::Repeated`]: a page that left one out would show what was not asked for.
    pub fn read(query: &str, names: &[&str], takes_any: bool) -> Result<Self, FormError> {
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // The one other form that a list is given in.
            let is_known = names.contains(&&*name) && (name != "format" || value == "csv" || value.is_empty());
            if !is_known && takes_any {
                continue;
            }
            if !is_known {
                return Err(FormError::Unknown(name.into_owned()));
            }
            if found.insert(name.clone().into_owned(), value.trim().to_owned()).is_some() {
                return Err(FormError::Repeated(name.into_owned()));
            }
        }
        found.retain(|_, value| !value.is_empty());
        Ok(Self(found))
    }

    /// What a parameter says, if anything.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What a parameter says; nothing is empty.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// The others, without one.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(other, _)| *other != name)
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// The address of a path at which the same is looked for, with others besides or in their place.
    #[must_use]
    pub fn address(&self, path: &str, more: &[(&str, Option<&str>)]) -> String {
        let is_kept =
            |name: &&String| !OF_SHOWING.contains(&name.as_str()) && more.iter().all(|(other, _)| other != name);
        let own = self.0.keys().filter(is_kept).map(|name| (name.as_str(), self.given(name)));
        address(path, &own.chain(more.iter().copied()).collect::<Vec<_>>())
    }
}
