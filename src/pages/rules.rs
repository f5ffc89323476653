//! The rules, as reviewers and auditors read them, and what becomes of proposals.

mod naming;
mod evidence;
mod status;
mod tables;
mod files;
mod history;
mod compare;
mod proposals;
mod refusal;
mod drafts;
mod draft_base;
mod draft_file;
mod draft_folder;
mod draft_evidence;
mod approval;
mod rollback;

pub use approval::{approval, approved};
pub use compare::compare;
pub use draft_base::{base, rebased};
pub use draft_evidence::{draft_evidence, evidence_begun, evidence_progress};
pub use draft_file::{added, file as draft_file, saved};
pub use draft_folder::uploaded;
pub use drafts::{begun, drafts, one_draft, proposed, removal, removed};
pub use files::{file, files};
pub use history::{history, set};
pub use proposals::{proposal, proposals, withdrawal, withdrawn};
pub use refusal::{refusal, refused};
pub use rollback::{rollback, rolled_back};
pub use status::status;
pub use tables::{table, tables};
