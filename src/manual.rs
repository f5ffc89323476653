//! The manual: the pages of `src/manual`, each part of this documentation and printed by `standing manual`.

/// A page of the manual.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// The word it is asked for by.
    pub name: &'static str,
    /// The page, as Markdown.
    pub text: &'static str,
}

impl Topic {
    /// What stands at its head.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }
}

macro_rules! topics {
    ($($name:ident)*) => {
        $(#[doc = include_str!(concat!("manual/", stringify!($name), ".md"))] pub mod $name {})*

        /// Every page, in the order one reads them.
        pub const TOPICS: &[Topic] = &[$(Topic {
            name: stringify!($name),
            text: include_str!(concat!("manual/", stringify!($name), ".md")),
        }),*];
    };
}

topics! { asking proxies worlds relationships rules publishing audit ledger callers running packaging watching trouble speed testing }
