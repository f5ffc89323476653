//! `standing serve`: answers over HTTP until it is stopped.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::ended::{Ended, Failure};
use super::figures::{listen_for_figures, serve_figures};
use super::first_token::first_token;
use super::listening::{connection_limits, keep_certificates, plain_or_not, read_certificates, tls};
use super::notify::{notify, notify_of_start};
use super::print;
use super::reach::{Socket, make};
use super::reload::{Limits, LogLevel, Reload};
use super::rules_dir::RulesFlag;
use super::rules_watch::watch;
use super::settings::{self, in_force};
use super::site::site;
use super::traces;
use crate::answer;
use crate::caller::Identity;
use crate::cli::demo::demo;
use crate::clock::System;
use crate::config::pages::PagesSetting;
use crate::config::{RulesAt, RulesFrom, SolverSetting};
use crate::decide::World;
use crate::evidence;
use crate::http::{Listener, Shutdown, serve, service};
use crate::pdp::call::Call;
use crate::pdp::opening::{self, Opening};
use crate::pdp::{Pdp, Terms, ready, rules, wrong_credentials};
use crate::policy::{Bundle, RuleFiles, Rulebook};
use crate::publish;
use crate::trust::Trust;
use crate::work;

/// How long a start may take to read a world.
const WORLD_WITHIN: Duration = Duration::from_secs(900);
/// How often it is looked whether a minute of wrong credentials is over.
const WRONG_CREDENTIALS_KEPT_EVERY: Duration = Duration::from_secs(10);
/// How long a stop waits for calls that are under way.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// How long it waits for the last records after that: whatever else is written ends first.
const LAST_WITHIN: Duration = Duration::from_secs(2);
/// How often the ledger is signed and its old records are archived.
const LEDGER_KEPT_EVERY: Duration = Duration::from_secs(3_600);
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8181);

/// Answer over HTTP.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing serve --demo

Settings stand in a TOML file (--config FILE); `standing config print` lists
them, and `standing manual running` says what each is. Each is also STANDING_
and its name in capitals, as STANDING_LIMITS_DEPTH. Flags come before the
environment, the environment before the file.")]
pub(super) struct Serve {
    /// The data directory [default: ./standing-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:8181]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    rules: RulesFlag,
    /// Fill an empty store with a cast that shows every standing, and ask for no credentials.
    #[arg(long)]
    demo: bool,
    /// Ask for no credentials; only on a loopback address.
    #[arg(long)]
    anonymous: bool,
    /// Serve a world of its own: the folder holds `schema.cedarschema`, `policies/` and `entities.json`.
    #[arg(long, value_name = "DIR", conflicts_with = "demo")]
    world: Option<PathBuf>,
    /// Start although the clock is more than 366 days ahead of the newest entry of the store: it is right.
    #[arg(long)]
    accept_clock: bool,
    /// Serve no pages for people.
    #[arg(long)]
    no_pages: bool,
    /// Give up keys that the store knows and that are not there, and make new ones.
    #[arg(long)]
    new_keys: bool,
    /// Start although the store is older than what was archived or signed of it, and give up what came after.
    #[arg(long)]
    accept_older: bool,
}

impl Serve {
    pub(super) async fn run(self) -> Result<Ended, Failure> {
        work::starting(notify_of_start());
        let text = |path: &PathBuf| path.display().to_string();
        // What a flag says stays so, however often the settings are read.
        let flags = vec![
            ("data", self.data.as_ref().map(text)),
            ("listen", self.listen.as_ref().map(ToString::to_string)),
            ("rules", self.rules.rules.as_ref().map(text)),
        ];
        let mut resolved = in_force()?;
        for (key, value) in &flags {
            resolved = resolved.with_flag(key, value.clone())?;
        }
        let settings = resolved.settings.clone();
        let anonymous = self.anonymous || self.demo;
        let listen = self.listen.or(settings.listen).unwrap_or(DEFAULT_LISTEN);
        if anonymous && !listen.ip().is_loopback() {
            return Err(Failure::failed(format!(
                "`{listen}` is not a loopback address, and `--anonymous` and `--demo` ask for no credentials; listen on 127.0.0.1 or [::1], or create tokens and leave the flag out"
            )));
        }
        let wanted = RulesFlag { rules: self.rules.rules.or_else(|| settings.rules.clone()) }.wanted();
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            Failure::failed(format!(
                "cannot listen on `{listen}`: {error}; stop what holds it or name another with `--listen`"
            ))
        })?;
        let figures = listen_for_figures(settings.metrics_listen).await?;
        let address = listener.local_addr()?;
        let tls = tls(&settings.tls)?;
        plain_or_not(listen, tls.is_some(), settings.proxy)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let public_url = settings.public_url.clone().unwrap_or_else(|| served_at(scheme, address));
        if settings.public_url.is_none() {
            tracing::warn!(
                %public_url,
                "no `public_url` in the settings, so links and metadata name what is served; set it for callers elsewhere"
            );
        }
        let data = self.data.unwrap_or_else(settings::data);
        make(&data)?;
        let terms = Terms {
            multichannel: settings.multichannel,
            limits: settings.limits,
            public_url,
            solver: SolverSetting::read().program,
        };
        let opening = Opening {
            accept_clock: self.accept_clock,
            new_keys: self.new_keys,
            accept_older: self.accept_older,
            checkpoints_to: settings.ledger.checkpoints_to.clone(),
            ..Opening::default()
        };
        let mut pdp =
            publish::begin::begin_by(&data, Arc::new(System), wanted, settings.rules_from, terms, opening).await?;
        pdp = opening::with_needs_persons(pdp, settings.approval_needs_person).await?;
        let trust = Trust::open(&settings, pdp.now()).await.map_err(Failure::failed)?;
        pdp = opening::with_sessions(opening::trusting(pdp, Arc::new(trust)), settings.sessions);
        if let Some(one_in) = settings.compare_one_in {
            pdp = pdp.comparing(one_in);
        }
        if let Some(dir) = &self.world {
            work::start_goes_on(WORLD_WITHIN);
            let rules = Bundle::load(RuleFiles::read_world(dir)?, Rulebook::World)?;
            let world = World::read(dir, &rules)?;
            pdp = pdp.with_world(rules, world);
        }
        if self.demo {
            demo(&pdp).await?;
        }
        let has_pages = settings.pages == PagesSetting::On && !self.no_pages;
        let is_open = listen.ip().is_loopback() || pdp.public_url().starts_with("https://");
        if has_pages && is_open {
            pdp = opening::with_pages(pdp);
        }
        pdp = answer::forward::with_forward_auth(pdp, settings.forward_auth);
        let (pdp, traces) = traces::follow(pdp, &settings.traces)?;
        // The program that runs, whatever lies under its name by now.
        let pdp = Arc::new(opening::examining_with(pdp, PathBuf::from("/proc/self/exe")));
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let shutdown = Shutdown::on(stopped);
        let rules_folder = publish::begin::rules_at(&pdp).map(ToString::to_string);
        watch(&pdp, &shutdown);
        let _socket = Socket::listen(&data, &pdp, &shutdown)?;
        if !anonymous && let Some(file) = first_token(&pdp, &data).await? {
            print::line(format_args!(
                "the first operator token is in `{}`, good for a day: make others with it",
                file.display()
            ));
        }
        let counting = tokio::spawn(keep_wrong_credentials(Arc::clone(&pdp)));
        let keeping = tokio::spawn(keep_ledger(Arc::clone(&pdp), settings.ledger.archive_after));
        let kind = if anonymous { Listener::Anonymous } else { Listener::Guarded };
        let site = has_pages
            .then(|| site(&pdp, kind, settings.services, settings.sessions, self.demo, is_open))
            .transpose()?;
        let served = service(Arc::clone(&pdp), kind, shutdown.clone(), site);
        let ready = format!(
            "standing is ready at {scheme}://{address}, rules {}{}, revision {}",
            &pdp.digest().as_str()[..12],
            source(&pdp),
            pdp.revision()
        );
        if let Err(error) = ready::ready(&pdp).await {
            tracing::error!(%error, "no record can be written yet, so nothing is answered until one can");
        }
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            data = %data.display(),
            rules_folder = rules_folder.as_deref().unwrap_or("unknown"),
            rules = %pdp.digest(),
            revision = %pdp.revision(),
            %address,
            "started"
        );
        let certificates = tls.clone().map(|tls| tokio::spawn(keep_certificates(tls)));
        let connections = connection_limits(&settings.limits);
        if let Some(figures) = figures {
            serve_figures(figures, &pdp, connections, shutdown.clone())?;
        }
        let counted = pdp.metrics.of_listeners();
        let serving = tokio::spawn(serve(listener, served, tls.clone(), connections, counted, shutdown.clone()));
        // Whoever reads that it is ready may stop it at once.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut reload = Reload::of(&resolved, flags, vec![Box::new(Limits(Arc::clone(&pdp))), Box::new(LogLevel)]);
        print::line(&ready);
        work::started();
        notify("READY=1");
        if self.demo {
            if has_pages {
                print::line(format_args!("\nOpen http://{address}/ in a browser: choose somebody of the cast there"));
            }
            print::text(calls_to_try(address));
        }
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hang_up.recv() => {
                    match reload.again() {
                        Ok(read) => tracing::info!(
                            changed = read.changed.join(", "),
                            need_restart = read.need_restart.join(", "),
                            "the settings were read again"
                        ),
                        Err(error) => tracing::error!(%error, "the settings were read again and are not used; those of before are in force"),
                    }
                    if let Some(tls) = &tls {
                        read_certificates(tls);
                    }
                    let pdp = Arc::clone(&pdp);
                    tokio::spawn(async move { opening::trust(&pdp).read_again(pdp.now()).await });
                }
            }
        }
        notify("STOPPING=1");
        tracing::info!("stopping: calls under way are answered first");
        stop.send_replace(true);
        if tokio::time::timeout(STOP_WITHIN, serving).await.is_err() {
            tracing::warn!("some calls were still under way and are given up");
        }
        certificates.inspect(tokio::task::JoinHandle::abort);
        if let Some(traces) = traces {
            traces.finish().await;
        }
        // Searches, reviews and imports that go on are for nobody: what an import has put is dropped.
        work::end_all();
        keeping.abort();
        counting.abort();
        let last = async {
            if let Err(error) = wrong_credentials::keep_wrong_credentials(&pdp, true).await {
                tracing::warn!(%error, "the number of wrong credentials was not recorded at the end");
            }
            if let Err(error) = evidence::ledger::keep_checkpoint(&pdp).await {
                tracing::warn!(%error, "no checkpoint was signed at the end");
            }
        };
        if tokio::time::timeout(LAST_WITHIN, last).await.is_err() {
            tracing::warn!("the last records and the checkpoint could not be written in time");
        }
        Ok(Ended::Good)
    }
}

/// Records how many wrong credentials came in each minute that is over.
async fn keep_wrong_credentials(pdp: Arc<Pdp>) {
    let mut often = tokio::time::interval(WRONG_CREDENTIALS_KEPT_EVERY);
    loop {
        often.tick().await;
        if let Err(error) = wrong_credentials::keep_wrong_credentials(&pdp, false).await {
            tracing::error!(%error, "the number of wrong credentials was not recorded");
        }
    }
}

/// Where the rules come from, for the line that says it is ready.
fn source(pdp: &Pdp) -> String {
    match (pdp.has_world(), rules::rules_from(pdp), publish::begin::rules_at(pdp)) {
        (true, _, _) => String::new(),
        (_, RulesFrom::Publishing, _) => " as published".to_owned(),
        (_, RulesFrom::Files, Some(RulesAt::Folder(folder))) => format!(" from {}", folder.display()),
        (_, RulesFrom::Files, Some(RulesAt::BuiltIn)) => " built in".to_owned(),
        (_, RulesFrom::Files, None) => " from no known folder".to_owned(),
    }
}

/// Signs the ledger as it is and moves old records to archive files, at once and then every hour.
async fn keep_ledger(pdp: Arc<Pdp>, archive_after: Option<SignedDuration>) {
    let mut hourly = tokio::time::interval(LEDGER_KEPT_EVERY);
    loop {
        hourly.tick().await;
        if let Err(error) = evidence::ledger::keep_checkpoint(&pdp).await {
            tracing::error!(%error, "no checkpoint was signed");
        }
        let before = archive_after.map(|age| pdp.now().checked_sub(age));
        if let Some(Ok(before)) = before {
            match evidence::ledger::archive::archive_ledger(&pdp, &Call::by(Identity::service()), before).await {
                Ok(archived) if archived.value.records == 0 => {}
                Ok(archived) => tracing::info!(records = archived.value.records, "old records were archived"),
                Err(error) => tracing::error!(%error, "old records were not archived"),
            }
        }
    }
}

/// The URL of what is served at an address, for callers on this machine where it is served at all of them.
fn served_at(scheme: &str, mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(every) if every.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(every) if every.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("{scheme}://{address}")
}

fn calls_to_try(address: SocketAddr) -> String {
    let ask = |who: &str, what: &str, on: &str| {
        format!(
            "  curl -s http://{address}/access/v1/evaluation --json '{{\"subject\":{{\"type\":\"Partner\",\"id\":\"{who}\"}},\"action\":{{\"name\":\"{what}\"}},\"resource\":{{\"type\":\"Subscription\",\"id\":\"{on}\"}}}}'\n"
        )
    };
    format!(
        "\nTry, in another shell:\n\n  # contoso sold s-office; fabrikam displaced it as administrator of office365. May contoso remove seats?\n{}\n  # May fabrikam, which only administers?\n{}\n  # Who are the partners of customer adatum, and who is responsible for support?\n  curl -s http://{address}/v1/customers/adatum/partners\n\n",
        ask("contoso", "removeSeats", "s-office"),
        ask("fabrikam", "removeSeats", "s-office"),
    )
}
