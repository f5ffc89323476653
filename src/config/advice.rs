//! What settings say that can be and that nobody means: a caller who never comes in, or one who is believed whatever they
//! say.

use super::Settings;

impl Settings {
    /// What is said so, each in a sentence with what to do.
    #[must_use]
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        if !self.certificate.is_empty() && self.tls.client_ca.is_none() {
            advice.push(
                "`certificate` names callers and nobody is asked for a certificate, so none of them comes in; name their authority with `tls.client_ca`"
                    .to_owned(),
            );
        }
        for proxy in self.trusted_proxies.iter().filter(|proxy| proxy.prefix_len() == 0) {
            advice.push(format!(
                "`trusted_proxies` names `{proxy}`, which is everybody, so every caller says itself where it calls from; name the addresses of the proxies"
            ));
        }
        advice
    }
}
