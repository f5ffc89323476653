//! The solver: a process of its own for each proof, ended with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cedar_policy_symcc::err::Error;
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use tokio::process::Command;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::solver_clock::{SolverClock, TICK, children};
use crate::assure::proof::BUSY;
use crate::work::start_goes_on;

/// How much of a processor's time the solver may spend on one question; a sleep counts as if it had been spent.
const QUESTION: Duration = Duration::from_secs(5);
/// How long it is waited for at most, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to end.
const GRACE: Duration = Duration::from_secs(2);
/// How much it may spend on one proof of a whole set; what is left then is not proved.
const WHOLE: Duration = Duration::from_secs(120);
/// How long such a proof may take, however busy the machine is.
const WHOLE_PATIENCE: Duration = Duration::from_secs(240);

/// How long it may take to say its version.
const VERSION: Duration = Duration::from_secs(10);

fn runtime() -> Result<Runtime, String> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| format!("the solver cannot be waited for: {error}"))
}

/// What the solver said.
pub(super) enum Found {
    /// It is so for every possible input.
    Always,
    /// It is not so for this one.
    Not(Box<Env>),
    /// It is not known, and why.
    Unknown(String),
}

/// What the solver is asked.
pub(super) enum Query<'a> {
    /// Is everything that the first allows allowed by the second?
    Implies(&'a CompiledPolicySet, &'a CompiledPolicySet),
    /// Can the policy be evaluated on every input?
    NeverErrs(&'a CompiledPolicy),
}

/// A solver that is running.
pub(super) struct Solver {
    program: PathBuf,
    compiler: Option<CedarSymCompiler<LocalSolver>>,
    /// The process, where the system says which it is.
    process: Option<u32>,
    begun: Instant,
    /// What it has spent on all questions.
    spent: Duration,
    /// How many questions it was asked.
    pub(super) asked: usize,
    // After the compiler, whose process belongs to it.
    runtime: Runtime,
}

impl Solver {
    /// Starts the solver.
    ///
    /// # Errors
    /// A sentence: why it cannot be started.
    pub(super) fn start(program: &Path) -> Result<Self, String> {
        start_goes_on(WHOLE_PATIENCE);
        let runtime = runtime()?;
        let (program, begun, spent) = (program.to_owned(), Instant::now(), Duration::ZERO);
        let mut solver = Self { program, compiler: None, process: None, begun, spent, asked: 0, runtime };
        solver.restart()?;
        Ok(solver)
    }

    /// The name and version the solver gives itself.
    ///
    /// # Errors
    /// A sentence: why it cannot be asked.
    pub(super) fn version(program: &Path) -> Result<String, String> {
        let mut command = Command::new(program);
        command.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
        let said = runtime()?.block_on(async { timeout(VERSION, command.output()).await });
        let said = said.map_err(|_| {
            let secs = VERSION.as_secs();
            format!("`{}` did not say its version within {secs} s; name cvc5 with `CVC5`", program.display())
        })?;
        let said = said.map_err(|error| format!("`{}` cannot be run: {error}", program.display()))?;
        let text = String::from_utf8_lossy(&said.stdout);
        let first = text.lines().next().unwrap_or_default();
        match first.find("cvc5 version ") {
            Some(_) => {
                let version = first.trim_start_matches("This is ").trim_start_matches("cvc5 version ");
                Ok(format!("cvc5 {}", version.split([' ', '[']).next().unwrap_or_default()))
            }
            None => Err(format!("`{}` is not cvc5; install it, or name it with `CVC5`", program.display())),
        }
    }

    /// Ends the process and waits for it, so that none is left behind.
    fn end(&mut self) {
        let Some(mut compiler) = self.compiler.take() else { return };
        // One that does not end in time is killed as it is dropped.
        let _ = self.runtime.block_on(async { timeout(GRACE, compiler.solver_mut().clean_up()).await });
    }

    fn restart(&mut self) -> Result<(), String> {
        self.end();
        let others = children();
        let started = self.runtime.block_on(async {
            let mut command = Command::new(&self.program);
            command.args(["--lang", "smt", "--strings-exp"]).arg(format!("--tlimit-per={}", 2 * PATIENCE.as_millis()));
            command.kill_on_drop(true);
            LocalSolver::from_command(&mut command)
        });
        let solver = started.map_err(|error| format!("`{}` cannot be run: {error}", self.program.display()))?;
        let compiler = CedarSymCompiler::new(solver).map_err(|error| error.to_string())?;
        self.compiler = Some(compiler);
        self.process = children().difference(&others).next().copied();
        Ok(())
    }

    /// Asks the solver.
    pub(super) fn ask(&mut self, query: &Query<'_>) -> Found {
        self.asked += 1;
        if self.spent > WHOLE {
            return Found::Unknown(format!("the proof took more than {} s", WHOLE.as_secs()));
        }
        if self.begun.elapsed() > WHOLE_PATIENCE {
            return Found::Unknown(BUSY.to_owned());
        }
        if self.compiler.is_none()
            && let Err(error) = self.restart()
        {
            return Found::Unknown(error);
        }
        let Some(compiler) = self.compiler.as_mut() else { return Found::Unknown("the solver is gone".to_owned()) };
        let mut clock = SolverClock::begin(self.process);
        let answered = self.runtime.block_on(async {
            let asked = async {
                match query {
                    Query::Implies(left, right) => compiler.check_implies_with_counterexample_opt(left, right).await,
                    Query::NeverErrs(policy) => compiler.check_never_errors_with_counterexample_opt(policy).await,
                }
            };
            let begun = Instant::now();
            let mut asked = std::pin::pin!(asked);
            loop {
                match timeout(TICK, &mut asked).await {
                    Ok(answer) => break Some(answer),
                    Err(_) => clock.tick(),
                }
                if clock.spent > QUESTION || begun.elapsed() > PATIENCE {
                    break None;
                }
            }
        });
        clock.tick();
        self.spent += clock.spent;
        match answered {
            Some(Ok(None)) => Found::Always,
            Some(Ok(Some(env))) => Found::Not(Box::new(env)),
            Some(Err(Error::SolverUnknown)) => Found::Unknown("the solver came to no answer".to_owned()),
            Some(Err(error)) => {
                // What is left in its pipes would be taken for the next answer.
                self.end();
                Found::Unknown(error.to_string())
            }
            None => {
                self.end();
                Found::Unknown(if clock.spent > QUESTION {
                    format!("the solver did not answer within {} s", QUESTION.as_secs())
                } else {
                    BUSY.to_owned()
                })
            }
        }
    }
}

impl Drop for Solver {
    fn drop(&mut self) {
        self.end();
    }
}
