//! Client certificates, whose signature was verified before: none lets in whoever has no name that the settings say.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use standing::clock::Timestamp;
use standing::config::Settings;
use standing::trust::Trust;
use tokio::runtime::Builder;

const NOW: i64 = 1_800_000_000;
const NAMES: [&str; 3] = ["gateway.example", "spiffe://example.org/gateway", "Contoso"];

static TRUST: LazyLock<Option<Trust>> = LazyLock::new(|| {
    let settings: Settings = toml::from_str(
        r#"
        [[certificate]]
        dns = "gateway.example"
        role = "auditor"

        [[certificate]]
        uri = "spiffe://example.org/gateway"
        role = "partner"
        for = "contoso"

        [[certificate]]
        subject = "CN=gateway,O=Contoso"
        role = "asker"
        "#,
    )
    .ok()?;
    let runtime = Builder::new_current_thread().build().ok()?;
    runtime.block_on(Trust::open(&settings, Timestamp::from_second(NOW).ok()?)).ok()
});

fuzz_target!(|der: &[u8]| {
    let (Some(trust), Ok(now)) = (&*TRUST, Timestamp::from_second(NOW)) else { panic!("no settings can be read here") };
    if trust.of_certificate(der, now).is_some() {
        let has = |name: &str| der.windows(name.len()).any(|part| part.eq_ignore_ascii_case(name.as_bytes()));
        assert!(NAMES.iter().any(|name| has(name)), "nobody whom the settings name");
    }
});
