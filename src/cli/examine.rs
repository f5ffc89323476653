//! `standing examine`: examines a candidate for a server, in a process of its own that limits itself. Nobody calls it
//! by hand.

use std::io::{BufRead as _, Read as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use clap::Args;
use rustix::process::{
    Resource, Rlimit, Signal, getpgrp, getpid, kill_current_process_group, setpriority_process, setrlimit,
};

use super::ended::{Ended, Failure};
use super::print;
use crate::assure::examination::examine_request;
use crate::limits::{EXAMINATION_BYTES_MAX, THREAD_STACK_BYTES};
use crate::pdp::examiner::{come_line, sealed};
use crate::work::{Come, Progress};

/// How often whoever asks is told how far it has come.
const SAID_EVERY: Duration = Duration::from_millis(200);

/// Examine a candidate for a server.
#[derive(Debug, Args)]
pub(super) struct Examine {
    /// The most memory it may take, in bytes.
    #[arg(long)]
    memory: u64,
    /// The most time of a processor it may take, in seconds.
    #[arg(long)]
    seconds: u64,
    /// How far it stands behind whatever else runs: 19 is last.
    #[arg(long)]
    nice: i32,
}

impl Examine {
    /// Gives up what it must not take, before it reads anything; the solvers it starts are limited so, too.
    pub(super) fn limit_itself(&self) -> Result<(), Failure> {
        let most = |most| Rlimit { current: Some(most), maximum: Some(most) };
        setpriority_process(None, self.nice)?;
        setrlimit(Resource::Data, most(self.memory))?;
        setrlimit(Resource::Cpu, Rlimit { current: Some(self.seconds), maximum: Some(self.seconds + 1) })?;
        // Nothing of it is left behind.
        setrlimit(Resource::Core, most(0))?;
        Ok(())
    }

    /// Reads a request: a line with its length, and so many bytes; ends when whoever asks closes the pipe.
    pub(super) fn run(&self) -> Result<Ended, Failure> {
        let mut asked = std::io::stdin().lock();
        let mut length = String::new();
        asked.by_ref().take(32).read_line(&mut length)?;
        let length: u64 = length.trim().parse().map_err(|_| Failure::usage("a server starts this command"))?;
        if length > EXAMINATION_BYTES_MAX {
            return Err(Failure::failed("the request is too long"));
        }
        let mut request = Vec::new();
        asked.by_ref().take(length).read_to_end(&mut request)?;
        drop(asked);
        std::thread::spawn(end_with_whoever_asks);
        let progress = Progress::default();
        let (done, answered) = mpsc::channel();
        let followed = progress.clone();
        let examine = move || done.send(followed.follows(|| examine_request(&request)));
        std::thread::Builder::new().stack_size(THREAD_STACK_BYTES).spawn(examine)?;
        let answer = said_meanwhile(&progress, &answered).map_err(Failure::failed)?;
        print::bytes(&sealed(&answer));
        Ok(Ended::Good)
    }
}

/// Says now and then how far the work has come, until its answer is there.
fn said_meanwhile(progress: &Progress, answered: &Receiver<Result<Vec<u8>, String>>) -> Result<Vec<u8>, String> {
    let mut said = Come::default();
    loop {
        match answered.recv_timeout(SAID_EVERY) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Disconnected) => return Err("the examination broke off".to_owned()),
            Err(RecvTimeoutError::Timeout) => {
                let come = progress.come();
                if come != said {
                    said = come;
                    print::bytes(come_line(come).as_bytes());
                }
            }
        }
    }
}

/// Ends this process, and the solvers it started, when nobody holds the other end of the pipe any more.
fn end_with_whoever_asks() {
    let mut rest = [0_u8; 1];
    while matches!(std::io::stdin().lock().read(&mut rest), Ok(1..)) {}
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    std::process::exit(1);
}
