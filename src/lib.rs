//! # The house
//!
//! Standing decides what a reseller may do to a customer's subscriptions. This page is the map: what lives where, and
//! what must never be.
//!
//! ```text
//! call -> Question -> Needs -> Facts (one revision) -> Cedar request + entities -> Decision -> Record (durable) -> answer
//! ```
//!
//! A change takes the same way: an allowing [`decide::Decision`] yields a [`decide::Permit`]; an operation says what
//! would become of which fact; the store's one writer commits the change, its entry in the journal and its record in
//! one transaction, or nothing.
//!
//! ## Rooms, from the ground up
//!
//! A file names only modules above its own in this list, and inside a room only files above its own in the list of the
//! room. A file and those of its own folder name each other in no circle.
//!
//! | module | what lives there |
//! |---|---|
//! | [`limits`], [`id`], [`clock`], [`random`] | the upper bound of everything; one type per kind of name, parsed at the edge; the only source of now; the only source of randomness |
//! | [`work`] | long work: whose turn it is, how long a piece of it may take, and when it ends |
//! | [`files`] | files that belong to one owner: newly created, and refused where others may write |
//! | [`json`] | the strict reader of what comes in |
//! | [`domain`] | the nouns and what may happen to them, pure |
//! | [`config`] | settings, read once |
//! | [`question`] | what is asked: subject, action, resource, context |
//! | [`facts`] | what must be known to answer, and what was found at one revision |
//! | [`standing`] | what a rule can see of a question and its facts, and every standing there is |
//! | [`policy`] | rules and claims as files: read, named, validated, put together into a bundle |
//! | [`decide`] | question + facts + bundle give a decision: from the table that Cedar fills, else from Cedar, which nobody else calls |
//! | [`caller`] | who calls |
//! | [`trust`] | whose word about a caller is taken: proxies, issuers and their keys, client certificates, what somebody may act as |
//! | [`assure`] | why the rules are believed: every answer enumerated, claims proved, signed rows, mutants, what turns between two sets, coverage |
//! | [`audit`] | the record of a decision; the tree over all of them, its signed checkpoints, and how they are verified |
//! | [`store`] | facts with their whole history, the journal and the ledger in one redb file; the one writer, and what it needs of a log |
//! | [`pdp`] | the frame: the decision point, the two ways to answer a call, pages and their cursors, the walk over who has something to do with what, the rules in force, the keys, the figures |
//! | [`change`] | everything that changes something, a file a verb: acceptance, registration, removal, renegotiation, import, tokens, link keys |
//! | [`answer`] | everything that is asked: one question or many, search, what-if, lists, export |
//! | [`publish`] | the life of rules: start, watch, review, difference, proposal, approval, activation, the way back |
//! | [`evidence`] | what was decided: ledger, archive, verification, decisions, replay, access review, change feed |
//! | [`manual`] | the manual, page by page: asking, rules, audit, running and the rest |
//! | [`http`] | every surface: all routes on one screen, one file a noun, one map from errors to statuses |
//! | [`pages`] | the pages for people, over the same operations: all on one screen, one file a page, the words in two languages |
//! | [`cli`] | one file a command |
//!
//! ## Three walks
//!
//! *A question.* `http/authzen.rs` reads the body into a [`question::Question`]. `answer/ask.rs` takes one snapshot of
//! the store, has the rules decide whether the caller may ask at all, reads the [`facts::Facts`] the question depends
//! on, and calls [`decide::decide`]; `answer/short.rs` does the same for a plain question, reading its facts in place. The
//! [`audit::Record`] goes to the writer, which syncs many waiting records at once; only then is the answer written.
//!
//! *An acceptance.* `http/relationships.rs` reads the token and the body. `change/relationship.rs` hands a piece of
//! work to the writer, which does it on the newest facts: may the caller accept for the customer, may the partner still
//! ask, what does `change/acceptance.rs` compute for the grants. Facts, events and records are one commit; two
//! acceptances at the same moment are simply one after the other.
//!
//! *A rule.* `cli/rules_watch.rs` sees that a file changed, or `publish/proposal.rs` takes a proposal.
//! `publish/review.rs` reads the whole set into a [`policy::Bundle`], has [`assure::release::examine`] prove its claims
//! and those in force, hold the signed rows against every answer, find the rows that turn and show for each claim a
//! mistake that would break it, while `publish/difference.rs` reads the live world once for who gains or loses what. A
//! promise that goes needs a line in the set that says who retires it and why. What is refused changes nothing. What is
//! not is kept by its digest with the evidence, in one commit with the history; then it decides.
//!
//! ## Invariants, mostly about what is absent
//!
//! - [`decide`] does no I/O, reads no clock, takes no lock. Any error in evaluating a rule is a refusal.
//! - One decision sees one bundle and one revision, and its record says which.
//! - Rules are swapped whole, and are kept with their history before they decide anything; a bad set changes nothing.
//! - No answer leaves before its record is durable; no change without its record.
//! - Handlers know [`pdp`] and the rooms over it: never the store's file, never Cedar.
//! - A change may be run again: on the same facts it comes to the same, and what it does outside the store is the same
//!   done twice. A bulk import reads its lines again.
//! - Only deciding makes a [`decide::Decision`], only an allowing one makes a [`decide::Permit`], and nothing is
//!   committed without one.
//! - History is kept: a fact is never overwritten, only followed by its next version.
//! - There is no cache of facts or decisions that could be stale: the table of decisions is a function of the rules
//!   alone, and is swapped with them.
//! - What was changed on disk opens nothing: a token, a key or a rule that is not what its entry in the journal was
//!   made for is never used.
//! - What a caller may not see and what is not there look the same to it.
//! - The store's time never goes back, over a restart either, and never follows a clock that was set ahead.
//! - Short work never waits for long work: what may look at everything has its turn aside, callers one after the other,
//!   and ends with its client.
//! - Everything has a limit, and reaching it is a named answer.
//! - Time and randomness are handed in; maps are ordered.
//!
//! ## How facts lie in the file
//!
//! Rows in the order of their bytes. A key is a byte for the kind of fact and its names. What a fact is now lies under
//! its key, with the revision that made it so; what it was before lies in the history, a row a version, its key followed
//! by a revision: the newest version at or before a revision is one step back from it. A change moves the version that it
//! replaces in its own transaction, so a question finds each fact by its key alone. What it may need of a customer also lies
//! in one row, a summary, written with each change of it. Indexes are rows without a value. A large import stages its rows
//! there under the revision that comes next, at which nobody reads before the journal has it. The journal (what happened at
//! each revision) and the ledger (every record) are tables in the same file, so that they are written together or not at
//! all.
//!
//! ## How the ledger lies in the file
//!
//! What one commit records is a frame, one row: the leaves of the tree over the ledger, and the records compressed. Of
//! the nodes above the leaves those over 256 records and more are rows; the rest is computed. The index by which records
//! are found by any of their fields is behind them: the writer collects what each commit wrote once it is durable, and a
//! thread of its own reads what was written before a start, and writes a segment for every 65,536 records. Lists look themselves at the records that are not indexed yet, and hold each that the index
//! leads to against what is looked for.
//!
//! The metadata (tokens, rules, proposals, keys, settings) has a table and a journal of its own: each entry
//! holds the hash of the one before it and of every row it wrote, and a row counts only while it is the one its newest
//! entry was made for. The record of whatever changed something names the entry that was made with it, so that the
//! ledger shows whether tables and journal are as they were written.

pub mod limits;
pub mod id;
pub mod clock;
pub mod random;
pub mod work;
pub mod files;
pub mod json;
pub mod domain;
pub mod config;
pub mod question;
pub mod facts;
pub mod standing;
pub mod policy;
pub mod decide;
pub mod caller;
pub mod trust;
pub mod assure;
pub mod audit;
pub mod store;
pub mod pdp;
pub mod change;
pub mod answer;
pub mod publish;
pub mod evidence;
pub mod manual;
pub mod http;
pub mod pages;
pub mod cli;
