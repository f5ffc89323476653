//! The keys that an issuer publishes, as JSON Web Key Sets: whatever stands there, a token is taken or it is not.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use standing::clock::Timestamp;
use standing::config::Settings;
use standing::trust::Trust;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// A token for each kind of key, signed by nobody.
const TOKENS: [&str; 3] = [
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUifQ.AAAA",
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUifQ.AAAA",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUifQ.AAAA",
];

struct Known {
    runtime: Runtime,
    settings: Settings,
    folder: TempDir,
}

static KNOWN: LazyLock<Option<Known>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().ok()?;
    let settings = toml::from_str(&format!(
        r#"
        [[issuer]]
        issuer = "https://login.example"
        audience = "standing"
        jwks_file = "{}"
        acts_as = [{{ role = "auditor", when = {{ claim = "groups", has = "auditors" }} }}]
        "#,
        folder.path().join("keys.json").display()
    ));
    Some(Known { runtime: Builder::new_current_thread().build().ok()?, settings: settings.ok()?, folder })
});

fuzz_target!(|keys: &[u8]| {
    let Some(Known { runtime, settings, folder }) = &*KNOWN else { panic!("no issuer can be made here") };
    let written = std::fs::write(folder.path().join("keys.json"), keys);
    assert!(written.is_ok(), "no keys can be written here");
    runtime.block_on(async {
        let Ok(trust) = Trust::open(settings, Timestamp::UNIX_EPOCH).await else { return };
        for token in TOKENS {
            assert!(trust.of_jwt(token, Timestamp::UNIX_EPOCH).await.is_err(), "nobody signed it");
        }
    });
});
