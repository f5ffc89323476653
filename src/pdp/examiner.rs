//! The process that examines candidates: what somebody sends may take all the memory and all the time there is, and
//! then takes only its own.
//!
//! It is this program again, which limits its memory and its time itself before it reads anything. So many are at work
//! at a time, callers one after the other, and each ends with whoever waits for it.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use rustix::process::{Pid, Signal, kill_process_group};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::limits::{EXAMINATION_BYTES_MAX, EXAMINATIONS_AT_ONCE, Limits};
use crate::work::{Come, Counted, Owner, Progress, Turns};

/// How often whoever waits is told how many wait.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// How a line begins that says how far an examination has come: no digest does.
const COME: &str = "come ";

/// How it ends that an examination took too long by the clock, as it may on a busy machine: another time it may not.
pub(crate) const OUT_OF_TIME: &str = "seconds, which is `examine_seconds`";

/// Examines candidates in processes of their own.
pub(crate) struct Examiner {
    program: PathBuf,
    turns: Arc<Turns>,
}

/// Why nothing is known of a candidate, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unexamined(String);

impl Examiner {
    pub(crate) fn new(program: PathBuf) -> Self {
        let at_once = EXAMINATIONS_AT_ONCE;
        Self { program, turns: Turns::new(at_once, at_once, at_once) }
    }

    /// Has a request answered by a process of its own; whoever follows its owner is told how many wait until it begins,
    /// and then how far it has come. Whoever drops the future ends it.
    ///
    /// # Errors
    /// [`Unexamined`]; then nothing is known.
    pub(crate) async fn examine(&self, by: &Owner, limits: &Limits, request: &[u8]) -> Result<Vec<u8>, Unexamined> {
        let mut turn = Box::pin(self.turns.turn(by.of()));
        let turn = loop {
            match tokio::time::timeout(REPORT_EVERY, &mut turn).await {
                Ok(turn) => break turn,
                Err(_) => by.progress().at(Counted::Examinations, self.turns.waiting() as u64, 0),
            }
        };
        let within = Duration::from_secs(limits.examine_seconds as u64);
        let answered = tokio::time::timeout(within, self.answered(limits, request, by.progress())).await;
        drop(turn);
        answered.unwrap_or_else(|_| Err(Unexamined(format!("it took more than {} {OUT_OF_TIME}", within.as_secs()))))
    }

    async fn answered(&self, limits: &Limits, request: &[u8], progress: &Progress) -> Result<Vec<u8>, Unexamined> {
        let failed = |error: std::io::Error| Unexamined(format!("the process that examines cannot be used: {error}"));
        let mut child = Command::new(&self.program)
            .arg("examine")
            .arg(format!("--memory={}", limits.examine_memory_bytes))
            .arg(format!("--seconds={}", limits.examine_seconds))
            .arg(format!("--nice={}", limits.examine_nice))
            // What is set aside for later would count as memory it has.
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        // The solvers it asks go with it.
        let _group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let (Some(mut asking), Some(answering)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Unexamined("the process that examines has no pipes".to_owned()));
        };
        let mut answer = Vec::new();
        let mut answering = BufReader::new(answering.take(EXAMINATION_BYTES_MAX + 1));
        let reading = async {
            // Lines of how far it has come stand before the answer.
            while let Some(come) = {
                answer.clear();
                answering.read_until(b'\n', &mut answer).await?;
                come_of(&answer)
            } {
                progress.at(come.what, come.done, come.of);
            }
            answering.read_to_end(&mut answer).await
        };
        let ask = async {
            asking.write_all(format!("{}\n", request.len()).as_bytes()).await?;
            asking.write_all(request).await?;
            asking.flush().await
        };
        // One that dies reads no more: why it did says more than that.
        let (_, read) = tokio::join!(ask, reading);
        read.map_err(failed)?;
        let is_whole = answer.len() as u64 <= EXAMINATION_BYTES_MAX;
        if !is_whole {
            return Err(Unexamined(format!("what is known of it has more than {EXAMINATION_BYTES_MAX} bytes")));
        }
        let ended = child.wait().await.map_err(failed)?;
        // It ends when this pipe does, so it is open until here.
        drop(asking);
        if !ended.success() {
            return Err(Unexamined(why(ended, limits)));
        }
        checked(&answer)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| Unexamined("what the process that examines said is not whole".to_owned()))
    }
}

/// How far an examination has come, as it goes over the pipe before the answer.
pub(crate) fn come_line(come: Come) -> String {
    format!("{COME}{} {} {}\n", serde_json::json!(come.what), come.done, come.of)
}

/// How far an examination has come, where a line says that.
fn come_of(line: &[u8]) -> Option<Come> {
    let mut parts = std::str::from_utf8(line).ok()?.strip_prefix(COME)?.trim_end().split(' ');
    let what = serde_json::from_str(parts.next()?).ok()?;
    let mut number = || parts.next()?.parse().ok();
    Some(Come { what, done: number()?, of: number()?, is_over: false })
}

/// An answer and its digest, as they go over the pipe.
pub(crate) fn sealed(answer: &[u8]) -> Vec<u8> {
    let mut sealed = HEXLOWER.encode(&Sha256::digest(answer)).into_bytes();
    sealed.push(b'\n');
    sealed.extend_from_slice(answer);
    sealed
}

/// The answer, if it is the one that its digest was made for.
fn checked(sealed: &[u8]) -> Option<&[u8]> {
    let end = sealed.iter().position(|byte| *byte == b'\n')?;
    let (digest, answer) = (sealed.get(..end)?, sealed.get(end + 1..)?);
    (HEXLOWER.encode(&Sha256::digest(answer)).as_bytes() == digest).then_some(answer)
}

/// Why a process ended without an answer.
fn why(ended: ExitStatus, limits: &Limits) -> String {
    let (memory, seconds) = (limits.examine_memory_bytes, limits.examine_seconds);
    match ended.signal().and_then(Signal::from_named_raw) {
        Some(Signal::XCPU) => format!("it took more than {seconds} seconds of a processor, which is `examine_seconds`"),
        Some(Signal::ABORT) => format!("it took more than {memory} bytes of memory, which is `examine_memory_bytes`"),
        _ => format!("the process that examines ended without an answer: {ended}"),
    }
}

/// A group of processes, which ends when nobody waits for it.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        // It may be gone by itself.
        let _ = self.0.map(|group| kill_process_group(group, Signal::KILL));
    }
}

#[cfg(test)]
mod tests {
    use super::{Come, Counted, checked, come_line, come_of, sealed};

    #[test]
    fn how_far_an_examination_has_come_is_read_as_it_was_said_and_an_answer_is_not_that() {
        let come = Come { what: Counted::Proofs, done: 3, of: 41, is_over: false };
        assert_eq!(come_of(come_line(come).as_bytes()), Some(come));
        let answer = sealed(b"come");
        let digest = answer.split_inclusive(|byte| *byte == b'\n').next();
        for line in [digest.unwrap_or_default(), b"come \n", b"come \"proofs\" 3\n", b"come \"hours\" 1 2\n", b""] {
            assert_eq!(come_of(line), None);
        }
    }

    #[test]
    fn an_answer_that_is_not_the_one_that_was_given_is_none() {
        let whole = sealed(b"yes");
        assert_eq!(checked(&whole), Some(b"yes".as_slice()));
        let cut = whole.get(..whole.len() - 1).unwrap_or_default();
        let other = [whole.get(..whole.len() - 3).unwrap_or_default(), b"no!"].concat();
        for wrong in [cut, other.as_slice(), b"", b"yes", b"\nyes"] {
            assert_eq!(checked(wrong), None);
        }
    }
}
