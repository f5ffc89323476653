//! The files that pages need: one sheet, one script, one mark. Each is served under the hash of what is in it, so that
//! it can be kept for good.

use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// How many digits of the hash are in the address.
const DIGITS: usize = 16;

/// A file that pages need.
pub struct Asset {
    /// Its name.
    pub name: &'static str,
    /// Its media type.
    pub media: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
    address: LazyLock<String>,
}

impl Asset {
    /// Where it is served.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

fn address(name: &str, bytes: &[u8]) -> String {
    let hash = HEXLOWER.encode(&Sha256::digest(bytes));
    format!("/assets/{}/{name}", hash.get(..DIGITS).unwrap_or_default())
}

macro_rules! assets {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $media:literal;)*) => {
        $(
            $(#[$doc])*
            pub static $constant: Asset = Asset {
                name: $name,
                media: $media,
                bytes: include_bytes!(concat!("assets/", $name)),
                address: LazyLock::new(|| address($name, include_bytes!(concat!("assets/", $name)))),
            };
        )*

        /// All of them.
        pub static ASSETS: &[&Asset] = &[$(&$constant),*];
    };
}

assets! {
    /// The sheet.
    SHEET = "pages.css", "text/css; charset=utf-8";
    /// The script.
    SCRIPT = "pages.js", "text/javascript; charset=utf-8";
    /// The mark.
    MARK = "mark.svg", "image/svg+xml";
}

/// The file at an address; nothing at another hash than its own.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().copied().find(|asset| asset.address() == path)
}
