//! The parameters of the pages that search: each once, and none that the page does not have.

use std::collections::BTreeMap;

use crate::pages::address::address;
use crate::pages::context::{Fault, PageCall};

/// What a page is asked for, as it was typed.
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads the parameters of these names; whatever is empty is not there.
    ///
    /// # Errors
    /// [`Fault::Unreadable`] for one that stands twice, or that the page does not have: a search that leaves one out would
    /// find what was not asked for.
    pub fn read(page: &PageCall, names: &[&str]) -> Result<Self, Fault> {
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(page.query.as_bytes()) {
            if !names.contains(&&*name) {
                return Err(Fault::Unreadable("unreadable-unknown", name.into_owned()));
            }
            if found.insert(name.clone().into_owned(), value.trim().to_owned()).is_some() {
                return Err(Fault::Unreadable("unreadable-repeated", name.into_owned()));
            }
        }
        found.retain(|_, value| !value.is_empty());
        Ok(Self(found))
    }

    /// What a parameter says, if anything.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What a parameter says; nothing is empty.
    pub fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// The address of a path with the parameters of these names as they are, and others besides.
    pub fn address(&self, path: &str, names: &[&str], more: &[(&str, Option<&str>)]) -> String {
        let own = names.iter().map(|name| (*name, self.given(name)));
        address(path, &own.chain(more.iter().copied()).collect::<Vec<_>>())
    }
}
