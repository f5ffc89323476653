//! The upper bound of everything.
//!
//! Everything has a limit, and reaching it is a named answer, never a silent truncation. The ones an operator
//! may set stand in [`Limits`]; the others are part of the stored format or the protocol.

use serde::Deserialize;

/// The longest name, in characters; a name is ASCII.
pub const ID_LENGTH_MAX: usize = 128;
/// The longest display name, domain or other free text of a noun, in bytes.
pub const TEXT_LENGTH_MAX: usize = 1_024;
/// The longest email text a partner may send back to be checked, in bytes.
pub const EMAIL_LENGTH_MAX: usize = 65_536;
/// The most delegated administrators one service may have at a time; the set is always loaded whole.
pub const ADMINISTRATORS_MAX: usize = 1_000;
/// The most services one acceptance may name.
pub const ACCEPTED_SERVICES_MAX: usize = 1_000;
/// The most items one page of a list holds.
pub const PAGE_MAX: usize = 1_000;
/// The most bytes the records on one page of the ledger take, less the last; a longer one stands alone.
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The items one page of a list holds when the caller does not say.
pub const PAGE_DEFAULT: usize = 100;
/// The most candidates one page of a search may look at before it says where to go on. It cannot be set: a search that
/// was recorded is made again, and has to come to the same page.
pub const SCAN_MAX: usize = 10_000;
/// The most results a search gives when no page is asked for, before it says where to go on.
pub const SEARCH_MAX: usize = 10_000;
/// The longest token of a page of a search that is read, in characters; longer than any that is given.
pub const PAGE_TOKEN_LENGTH_MAX: usize = 1_024;
/// The longest cursor of a list that is read, in characters; longer than any that is given.
pub const CURSOR_LENGTH_MAX: usize = 4_096;
/// The longest path of a call that a proxy asks about, with its query, in bytes; longer than what services take.
pub const FORWARDED_PATH_LENGTH_MAX: usize = 4_096;
/// The longest request id that is echoed, in bytes.
pub const REQUEST_ID_LENGTH_MAX: usize = 1_024;
/// The longest idempotency key, in bytes.
pub const IDEMPOTENCY_KEY_LENGTH_MAX: usize = 256;
/// The longest name of an access token, in characters.
pub const TOKEN_NAME_LENGTH_MAX: usize = 128;
/// The longest name of the person whose token it is, in characters.
pub const TOKEN_PERSON_LENGTH_MAX: usize = 256;
/// How long an access token is good unless its end is said, in days: long enough for a quarter, short enough that one which
/// nobody misses goes by itself.
pub const TOKEN_DAYS: i64 = 90;
/// How often at most the use of an access token is written, in seconds.
pub const TOKEN_USE_WRITTEN_SECONDS: i64 = 300;
/// For how long a token that is replaced may stay good beside the new one, in days.
pub const TOKEN_OVERLAP_DAYS_MAX: i64 = 30;
/// The most access tokens that are kept as they were read, so that the next call with one reads nothing.
pub const KNOWN_TOKENS_MAX: usize = 1_024;
/// How many wrong proofs of who calls may come from one address in a minute: more than somebody mistypes, and far too few to
/// guess a secret.
pub const WRONG_PROOFS_A_MINUTE: u32 = 10;
/// How many times a minute the page of a link is shown to one address that has not signed in: each leaves a record, and
/// whoever has one email has the link.
pub const LINK_VIEWS_A_MINUTE: u32 = 20;
/// The most addresses whose wrong proofs are counted one by one; those beyond share one count.
pub const GUESSING_ADDRESSES_MAX: usize = 65_536;
/// The longest JSON Web Token that is read, in bytes; an issuer that names many groups writes a few thousand.
pub const JWT_LENGTH_MAX: usize = 16 * 1024;
/// The deepest nesting of the parts of a JSON Web Token.
pub const JWT_DEPTH_MAX: usize = 16;
/// The longest `sub` of a JSON Web Token, in bytes: what SPIFFE allows.
pub const JWT_SUBJECT_LENGTH_MAX: usize = 2_048;
/// How far the clock of an issuer may differ from ours, in seconds.
pub const JWT_LEEWAY_SECONDS: i64 = 60;
/// The longest name of a provider by which people sign in, in bytes: it stands on a button.
pub const SIGN_IN_NAME_LENGTH_MAX: usize = 100;
/// For how many minutes somebody may be away at a provider to sign in, and choose afterwards for whom they act.
pub const SIGN_IN_MINUTES: i64 = 10;
/// The longest name, email or `sub` of somebody who signs in at a provider, in bytes: OpenID Connect allows 255 for
/// `sub`, and all of them lie in a cookie.
pub const SIGN_IN_TEXT_LENGTH_MAX: usize = 255;
/// The longest address somebody goes on to after signing in at a provider, in bytes: it lies in a cookie.
pub const SIGN_IN_NEXT_LENGTH_MAX: usize = 1_024;
/// The longest cookie that is set while somebody signs in, in bytes: browsers keep 4,096 with its name and attributes.
pub const SIGN_IN_COOKIE_LENGTH_MAX: usize = 3_800;
/// The most sign-ins that are known to be over while their ten minutes go on; beyond it nobody comes in by one
/// until some are: what is forgotten would be good again.
pub const SIGN_INS_OVER_MAX: usize = 65_536;
/// For how long what a provider says of itself is used, in seconds.
pub const DISCOVERY_KEPT_SECONDS: i64 = 60;
/// For how long a provider that cannot be reached is not asked again, in seconds: many who press do not make many calls.
pub const DISCOVERY_AGAIN_SECONDS: i64 = 2;
/// For how many milliseconds somebody waits for what a provider says of itself while it is asked for somebody else: one that
/// answers does within it, and one that hangs keeps nobody longer.
pub const DISCOVERY_WAITED_FOR_MILLISECONDS: u64 = 500;
/// For how long a verified JSON Web Token is not verified again, in seconds.
pub const KNOWN_JWT_SECONDS: i64 = 60;
/// The most verified JSON Web Tokens that are known at a time.
pub const KNOWN_JWTS_MAX: usize = 4_096;
/// The largest set of keys of an issuer, in bytes.
pub const JWKS_BYTES_MAX: usize = 1024 * 1024;
/// The most keys in such a set.
pub const JWKS_KEYS_MAX: usize = 100;
/// The deepest nesting of such a set.
pub const JWKS_DEPTH_MAX: usize = 16;
/// How long fetching the keys of an issuer may take, in seconds.
pub const JWKS_SECONDS_MAX: u64 = 5;
/// How long the keys of an issuer are used before they are read again, in seconds: one that was withdrawn goes by then.
pub const JWKS_KEPT_SECONDS: i64 = 300;
/// How often the keys of an issuer are read again at most, however many unknown ones are named, in seconds.
pub const JWKS_AGAIN_SECONDS: i64 = 60;
/// For how long wrong credentials are counted before their number is recorded, in seconds.
pub const WRONG_CREDENTIALS_WINDOW_SECONDS: i64 = 60;
/// The most subscriptions on one page of how a partner stands: each is a record, and every action of it is explained.
pub const OWN_STANDING_PAGE_MAX: usize = 100;
/// The most changes one what-if may try.
pub const WHAT_IF_CHANGES_MAX: usize = 1_000;
/// The most facts the changes of one what-if may change.
pub const WHAT_IF_FACTS_MAX: usize = 100_000;
/// The most pairs of a subject and a resource that one what-if compares.
pub const WHAT_IF_PAIRS_MAX: usize = 50_000;
/// The most answers that are named for each action, gained and lost, where two sets of rules are compared.
pub const NAMED_TURNS_MAX: usize = 1_000;
/// The most callers whose use is remembered at a time; those that take nothing make room.
pub const CALLERS_MAX: usize = 10_000;
/// The most bytes the records of one batch may take.
pub const BATCH_RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most bytes the elements of a batch may have once each has its own copy of the defaults.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest line of an import, in bytes.
pub const IMPORT_LINE_MAX: usize = 65_536;
/// How many bytes of the rows of an import wait in memory, so that many are written in the order of their keys.
pub const IMPORT_WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most rows of an import that one transaction writes.
pub const IMPORT_PIECE_ROWS_MAX: usize = 16_384;
/// How long such a transaction takes, in milliseconds: one that took longer is followed by a smaller one, because so long
/// do records wait behind it, and so the answers of others.
pub const IMPORT_PIECE_MILLISECONDS: u64 = 25;
/// The most lines of grants and commercial relationships by which one import may change what a store with facts holds;
/// each may be an event.
pub const IMPORT_RELATIONSHIPS_MAX: usize = 10_000;
/// How many pieces of long work may be begun at a time, or twice as many as there are cores where that is more; each
/// has a thread and a stack of its own.
pub const LONG_BEGUN_MAX: usize = 32;
/// How many of them may be one caller's, or as many as there are cores: what others ask for begins meanwhile.
pub const LONG_BEGUN_OF_ONE_MAX: usize = 4;
/// How much stack a thread has, in bytes: rules are read, evaluated and compared as deep as they are nested.
pub const THREAD_STACK_BYTES: usize = 16 * 1024 * 1024;
/// How many bytes of an export are put together before they are passed on.
pub const EXPORT_CHUNK_BYTES: usize = 65_536;
/// The most bytes one piece of a copy of the store has; a row is in one piece, and none is longer than what one commit
/// records.
pub const COPY_FRAME_BYTES_MAX: usize = 512 * 1024 * 1024;
/// The largest manifest of a backup that is read, in bytes; one names some 50,000 archive files.
pub const BACKUP_MANIFEST_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// The shortest passphrase that keys are sealed with, in bytes.
pub const PASSPHRASE_LENGTH_MIN: usize = 12;
/// The most memory that is taken to open sealed keys, in KiB: what seals them says how much it takes.
pub const SEAL_MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// The most passes that are made to open sealed keys.
pub const SEAL_PASSES_MAX: u32 = 64;
/// The most records one archive file of the ledger holds.
pub const ARCHIVE_RECORDS_MAX: u64 = 100_000;
/// The longest line of an exported ledger that is read, in bytes; longer than any that is written.
pub const LEDGER_LINE_MAX: u64 = 256 * 1024 * 1024;
/// The most records a ledger has: its tree numbers its nodes, two a record, with 64 bits.
pub const LEDGER_RECORDS_MAX: u64 = 1 << 62;
/// The most work that may wait for the ledger before callers are asked to retry.
pub const WAITING_WRITES_MAX: usize = 65_536;
/// The most spans of calls that wait to be sent to a collector; each takes about 200 bytes.
pub const SPANS_WAITING_MAX: usize = 8_192;
/// How many bytes the disk has left at least while the service says that it is ready: twice what it writes to find out.
pub const FREE_BYTES_MIN: u64 = 128 * 1024;

/// The smallest size of a head that may be set, in bytes: readers of HTTP begin with as much.
pub const HEAD_BYTES_MIN: usize = 8 * 1024;

/// The largest body that holds a set of rules, in bytes, where the largest body of others is smaller.
pub const RULES_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The largest body of a form, in bytes: the fields of a page, and room for an email of the longest kind.
pub const FORM_BODY_BYTES_MAX: usize = 1024 * 1024;
/// The most fields a form may hold: more than the services of one acceptance.
pub const FORM_FIELDS_MAX: usize = 1_000;
/// For how many milliseconds a page has whoever asked for it wait before they are shown that it is being made: the first
/// byte of that is there within 200, and what takes longer feels as if nothing had happened.
pub const PAGE_WAITS_MILLISECONDS: u64 = 150;
/// The most pages of one session that go on, or are done and not fetched; one more is waited for as it is made.
pub const PAGES_WAITING_OF_ONE_MAX: usize = 4;
/// The most such pages of all sessions.
pub const PAGES_WAITING_MAX: usize = 256;
/// The most bytes of such pages of one session: the largest, with a thousand named, have some hundred kilobytes, and a form
/// may be sent back with a mebibyte of what was typed.
pub const PAGES_WAITING_OF_ONE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most bytes of such pages of all sessions: nobody takes the memory that decisions need by leaving pages.
pub const PAGES_WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// For how many seconds a page of what may be done now is kept, so that whoever looks at its making gets it: its making looks
/// again every three, and what was so longer ago is not shown as if it were so now.
pub const PAGE_WAITING_FETCHED_SECONDS: i64 = 10;
/// The most streams that tell of one page how far it has come: a browser has one, and another for a second tab.
pub const PAGE_STREAMS_MAX: usize = 4;
/// For how many minutes a page of the rules or of the ledger, or what a form came to, is kept for whoever left it.
pub const PAGE_WAITING_KEPT_MINUTES: i64 = 10;
/// How many minutes nobody has to be seen for a session to end, so that a screen left alone opens nothing for long.
pub const SESSION_IDLE_MINUTES: u16 = 30;
/// How many hours a session may last in all: a working day.
pub const SESSION_HOURS: u16 = 8;
/// How many minutes somebody who approves, rolls back, accepts or removes may have proved who they are before.
pub const SESSION_FRESH_MINUTES: u16 = 15;
/// How many minutes pass before it is written again that a session was seen, so that looking costs no write.
pub const SESSION_SEEN_EVERY_MINUTES: i64 = 5;
/// The most open sessions of one person; the next one ends the oldest.
pub const SESSIONS_OF_ONE_MAX: usize = 20;
/// The largest file of a set of rules, in bytes.
pub const RULES_FILE_BYTES_MAX: usize = 1024 * 1024;
/// The most files a set of rules may hold.
pub const RULES_FILES_MAX: usize = 10_000;
/// How many examinations of candidates are at work at a time, each a process of its own: a solver is bound by memory
/// as much as by processors, and two leave those who ask alone.
pub const EXAMINATIONS_AT_ONCE: usize = 2;
/// The most bytes that an examination is asked with, and answers with.
pub const EXAMINATION_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most attributes and types a schema may have once each type is written out where it is named, which is how rules
/// are validated and proved; the shipped one has a few hundred.
pub const SCHEMA_EXPANDED_MAX: u64 = 20_000;
/// The most types of entities of a schema: which are within which is worked out for all of them.
pub const SCHEMA_ENTITIES_MAX: u64 = 1_000;
/// The most actions of a schema, groups of actions included.
pub const SCHEMA_ACTIONS_MAX: u64 = 1_000;
/// The most pairs of a type of principal and a type of resource over all actions: rules are validated and proved for
/// each.
pub const SCHEMA_ENVIRONMENTS_MAX: u64 = 10_000;
/// How long after an activation one person alone may go back to the rules of before, in seconds.
pub const ROLLBACK_ALONE_SECONDS: i64 = 3_600;
/// The most proposals that may be open at a time.
pub const OPEN_PROPOSALS_MAX: usize = 100;
/// The largest number of drafts of rules.
pub const DRAFTS_MAX: usize = 100;
/// The largest number of those who change one draft of rules.
pub const DRAFT_EDITORS_MAX: usize = 100;
/// How long the digest of a set of rules is, in hexadecimal digits.
pub const DIGEST_LENGTH: usize = 64;
/// The fewest digits of a digest that name a set of rules.
pub const DIGEST_PREFIX_MIN: usize = 8;
/// How many sets of rules that were in force before are kept ready to decide.
pub const PAST_RULES_MAX: usize = 64;
/// The sets of rules whose every answer is kept in memory for whoever reads tables.
pub const TABLES_KEPT_MAX: usize = 4;

/// One answer of the table of decisions in so many is decided by the rules as well, unless the settings say otherwise.
pub const COMPARE_ONE_IN: u64 = 1_024;

/// The last priority there is, as `nice` counts.
pub const NICE_MAX: usize = 19;

/// The limits an operator may set; see `[limits]` in the settings.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest request body, in bytes; an import is exempt.
    pub body_bytes: usize,
    /// The most evaluations in one batch.
    pub evaluations: usize,
    /// The deepest nesting of a JSON body.
    pub depth: usize,
    /// The most connections that are open at a time: each holds a file of the system, and memory for what it sends.
    pub connections: usize,
    /// The most of them that one address may have, so that no one of them takes all; IPv6 counts by /64.
    pub connections_per_address: usize,
    /// How many seconds the first head of a connection may take, so that half a head holds nothing for long.
    pub head_seconds: usize,
    /// The largest head of a call, in bytes: a connection may keep as much in memory.
    pub head_bytes: usize,
    /// How many seconds a connection may wait for its next head after an answer.
    pub idle_seconds: usize,
    /// How many seconds the next part of a body may take to come.
    pub body_part_seconds: usize,
    /// How many seconds a body that is read whole may take in all: one that drips holds its call no longer than this.
    pub body_seconds: usize,
    /// The most calls that one HTTP/2 connection may have under way.
    pub streams: usize,
    /// How many seconds a written part of an answer may wait to be read: it is kept in memory meanwhile.
    pub unread_seconds: usize,
    /// How long one call may be at work, in seconds, where it may look at everything; what it waits for does not count.
    /// A page of any list takes less than a second, and a review of the largest customer seconds.
    pub long_seconds: usize,
    /// The most memory that the process which examines a candidate may take, and each of its solvers, in bytes.
    pub examine_memory_bytes: usize,
    /// How long the examination of a candidate may take, in seconds.
    pub examine_seconds: usize,
    /// How far an examination stands behind answers, as `nice` counts: 19, the last there is, leaves callers alone, and
    /// on a machine that is busy all the time it takes long.
    pub examine_nice: usize,
    /// The most decisions a second of one caller; more than a whole server makes on two cores, so that one caller is
    /// bounded where there are more.
    pub decisions_per_second: usize,
    /// The most bytes of records a second of one caller, as they are before they are compressed.
    pub recorded_bytes_per_second: usize,
    /// The most calls of one caller at once.
    pub calls_at_once: usize,
    /// The most bytes that the bodies of one caller's calls take in memory.
    pub held_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            evaluations: 10_000,
            depth: 64,
            connections: 4_096,
            connections_per_address: 2_048,
            head_seconds: 10,
            head_bytes: 64 * 1024,
            idle_seconds: 75,
            body_part_seconds: 20,
            body_seconds: 60,
            streams: 128,
            unread_seconds: 30,
            long_seconds: 60,
            examine_memory_bytes: 1024 * 1024 * 1024,
            examine_seconds: 300,
            examine_nice: 19,
            decisions_per_second: 100_000,
            recorded_bytes_per_second: 64 * 1024 * 1024,
            calls_at_once: 1_024,
            held_bytes: 256 * 1024 * 1024,
        }
    }
}
