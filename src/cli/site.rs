//! The pages of a server, as its settings and flags want them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::demo::SERVICES;
use super::ended::Failure;
use crate::config::pages::{ServiceSettings, SessionSettings};
use crate::http::waiting::Waiting;
use crate::http::{Listener, Site};
use crate::id::{IdError, ServiceName};
use crate::limits::PAGE_WAITS_MILLISECONDS;
use crate::pages::sealed::Sealing;
use crate::pages::setting::Setting;
use crate::pages::site::Pages;
use crate::pdp::Pdp;

/// The pages of a server: open, or saying what to set.
///
/// # Errors
/// A [`Failure`] when a service of the demonstration has no legal name, or the system gives no random bytes.
pub(super) fn site(
    pdp: &Arc<Pdp>,
    listener: Listener,
    services: BTreeMap<ServiceName, ServiceSettings>,
    sessions: SessionSettings,
    is_demo: bool,
    is_open: bool,
) -> Result<Arc<dyn Site>, Failure> {
    let mut services: BTreeMap<_, _> = services.into_iter().map(|(key, service)| (key, service.name)).collect();
    for (key, name) in SERVICES.iter().filter(|_| is_demo) {
        let key = key.parse().map_err(|error: IdError| Failure::failed(error.to_string()))?;
        services.entry(key).or_insert_with(|| (*name).to_owned());
    }
    Ok(Arc::new(Pages::of(Setting {
        pdp: Arc::clone(pdp),
        listener,
        is_demo,
        services,
        sessions,
        sealing: Sealing::new(pdp).map_err(Failure::failed)?,
        waiting: Waiting::after(Duration::from_millis(PAGE_WAITS_MILLISECONDS)),
        closed: (!is_open).then_some("closed-address"),
    })))
}
