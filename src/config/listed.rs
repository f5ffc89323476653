//! Every setting there is, with what it is unless somebody says otherwise.

/// What kind of value a setting has, for one that is given as text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    /// Several texts; in the environment with commas between them.
    List,
    /// A table of what somebody names, as TOML writes it in one line.
    Table,
    Tables, // Which the file alone can say.
}

/// A setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// Its name in the file, with the table it stands in.
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    /// Is its value shown to nobody?
    pub(super) is_secret: bool,
    /// What it is unless somebody says otherwise.
    pub(super) otherwise: &'static str,
}

const fn text(key: &'static str, otherwise: &'static str) -> Setting {
    Setting { key, kind: Kind::Text, is_secret: false, otherwise }
}

const fn number(key: &'static str, otherwise: &'static str) -> Setting {
    Setting { key, kind: Kind::Number, is_secret: false, otherwise }
}

const fn flag(key: &'static str, otherwise: &'static str) -> Setting {
    Setting { key, kind: Kind::Flag, is_secret: false, otherwise }
}

const fn list(key: &'static str) -> Setting {
    Setting { key, kind: Kind::List, is_secret: false, otherwise: "" }
}

const fn named(key: &'static str) -> Setting {
    Setting { key, kind: Kind::Table, is_secret: false, otherwise: "" }
}

const fn tables(key: &'static str) -> Setting {
    Setting { key, kind: Kind::Tables, is_secret: false, otherwise: "" }
}

/// Every setting, in the order in which they are printed.
pub(super) const SETTINGS: &[Setting] = &[
    text("data", "./standing-data"),
    text("listen", "127.0.0.1:8181"),
    text("metrics_listen", ""),
    text("rules", ""),
    text("rules_from", "files"),
    flag("approval_needs_person", "false"),
    text("public_url", ""),
    list("trusted_proxies"),
    text("multichannel", "displace"),
    text("log", "text"),
    text("log_level", "info"),
    number("compare_one_in", "1024"),
    number("limits.body_bytes", "1048576"),
    number("limits.evaluations", "10000"),
    number("limits.depth", "64"),
    number("limits.connections", "4096"),
    number("limits.connections_per_address", "2048"),
    number("limits.head_seconds", "10"),
    number("limits.head_bytes", "65536"),
    number("limits.idle_seconds", "75"),
    number("limits.body_part_seconds", "20"),
    number("limits.body_seconds", "60"),
    number("limits.streams", "128"),
    number("limits.unread_seconds", "30"),
    number("limits.long_seconds", "60"),
    number("limits.examine_memory_bytes", "1073741824"),
    number("limits.examine_seconds", "300"),
    number("limits.examine_nice", "19"),
    number("limits.decisions_per_second", "100000"),
    number("limits.recorded_bytes_per_second", "67108864"),
    number("limits.calls_at_once", "1024"),
    number("limits.held_bytes", "268435456"),
    tables("issuer"),
    tables("certificate"),
    tables("sign_in"),
    text("ledger.archive_after", ""),
    text("ledger.checkpoints_to", ""),
    flag("proxy", "false"),
    text("tls.certificate", ""),
    text("tls.key", ""),
    text("tls.client_ca", ""),
    text("tls.client_crl", ""),
    text("pages", "on"),
    named("services"),
    number("sessions.idle_minutes", "30"),
    number("sessions.hours", "8"),
    number("sessions.fresh_minutes", "15"),
    text("traces.endpoint", ""),
    number("traces.one_in", "1"),
    named("forward_auth"),
];
