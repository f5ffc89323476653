//! Imports: no line is read otherwise than it is written, and no import, however odd, makes a store fail.
#![no_main]

use std::cell::RefCell;
use std::io::Cursor;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use standing::caller::Caller;
use standing::change::import::{ImportError, import};
use standing::change::line::Line;
use standing::clock::{SharedClock, Stopped};
use standing::domain::grant::Multichannel;
use standing::json::read;
use standing::limits::Limits;
use standing::pdp::call::{Call, CallError};
use standing::pdp::{Pdp, Terms, opening};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// After so many imports they begin on an empty store again, which is the one that takes history.
const IMPORTS_MAX: usize = 200;

struct Opened {
    rules: Bundle,
    runtime: Runtime,
    pdp: Option<(Pdp, TempDir)>,
    imports: usize,
}

impl Opened {
    fn new() -> Option<Self> {
        let rules = Bundle::load(RuleFiles::built_in(), Rulebook::Domain).ok()?;
        Some(Self { rules, runtime: Builder::new_current_thread().build().ok()?, pdp: None, imports: 0 })
    }

    fn begun(&self) -> Option<(Pdp, TempDir)> {
        let folder = tempfile::tempdir().ok()?;
        let clock: SharedClock = Arc::new(Stopped::at("2026-01-01T00:00:00Z".parse().ok()?));
        let (limits, public_url) = (Limits::default(), "https://standing.example".to_owned());
        let terms = Terms { multichannel: Multichannel::Displace, limits, public_url, solver: None };
        Some((opening::open(folder.path(), clock, self.rules.clone(), terms).ok()?, folder))
    }
}

thread_local! {
    static OPENED: RefCell<Option<Opened>> = RefCell::new(Opened::new());
}

fn line(text: &[u8]) -> Option<Line> {
    Line::of(read(text, 8).ok()?.as_object()?.clone()).ok()
}

fuzz_target!(|lines: &[u8]| {
    let read: Vec<Line> = lines.split(|byte| *byte == b'\n').filter_map(line).collect();
    for known in &read {
        let Ok(written) = serde_json::to_vec(known) else { panic!("{known:?} cannot be exported") };
        assert_eq!(line(&written).as_ref(), Some(known), "{}", String::from_utf8_lossy(&written));
    }
    if read.is_empty() {
        return;
    }
    OPENED.with_borrow_mut(|opened| {
        let Some(opened) = opened else { panic!("no store can be opened here") };
        if opened.imports == 0 {
            opened.pdp = None;
            opened.pdp = opened.begun();
        }
        opened.imports = (opened.imports + 1) % IMPORTS_MAX;
        let Some((pdp, _)) = &opened.pdp else { panic!("no store can be opened here") };
        let call = Call::of(Caller::local());
        match opened.runtime.block_on(import(pdp, &call, Cursor::new(lines.to_vec()), |_, _| {})) {
            Ok(_) | Err(CallError::Refused(ImportError::Line { .. })) => {}
            Err(error) => panic!("{error:?}"),
        }
    });
});
