use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The pause before it is started again: twice as long each time, up to the longest, as Docker does with
/// `restart: unless-stopped`, whose longest is a minute.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(1600);
/// One that has run for so long begins with the shortest pause again.
const LONG: Duration = Duration::from_secs(10);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A process that is started again whenever it ends, until this value goes.
pub struct Supervised {
    name: String,
    state: Arc<State>,
    log: PathBuf,
    watching: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    child: Mutex<Option<Child>>,
    starts: AtomicUsize,
    stop: AtomicBool,
}

impl State {
    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Supervised {
    /// Starts a process with a log of its own in this folder, as often as it takes.
    ///
    /// # Panics
    /// If it cannot be started at all, or the log cannot be written.
    pub fn start(name: &str, logs: &Path, command: Command) -> Self {
        let log = logs.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).expect("a log");
        let state = Arc::<State>::default();
        let watching = watch(state.clone(), command, file);
        Self { name: name.to_owned(), state, log, watching: Some(watching) }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How often it was started so far.
    pub fn starts(&self) -> usize {
        self.state.starts.load(Ordering::Relaxed)
    }

    /// Ends it at once, as a power cut does.
    ///
    /// # Panics
    /// If it does not run just now.
    pub fn kill(&self) {
        let mut child = self.state.child();
        child.as_mut().expect("a process").kill().expect("a process to kill");
    }

    /// What all its processes have said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        if let Some(watching) = self.watching.take() {
            // It ends the process first.
            let _ = watching.join();
        }
    }
}

fn watch(state: Arc<State>, mut command: Command, mut log: File) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut pause = PAUSE;
        while !state.stop.load(Ordering::Relaxed) {
            let (out, err) = (log.try_clone().expect("a log"), log.try_clone().expect("a log"));
            let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("it starts");
            *state.child() = Some(child);
            state.starts.fetch_add(1, Ordering::Relaxed);
            let began = Instant::now();
            let ended = until_it_ends(&state);
            // Told to whoever reads the log of a failed test.
            let _ = writeln!(log, "-- {ended} after {:?}", began.elapsed());
            pause = if began.elapsed() > LONG { PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            std::thread::sleep(pause);
        }
    })
}

fn until_it_ends(state: &State) -> String {
    loop {
        {
            let mut child = state.child();
            let running = child.as_mut().expect("a process");
            if state.stop.load(Ordering::Relaxed) {
                // Gone already is as good.
                let _ = running.kill();
                let _ = running.wait();
            }
            if let Some(status) = running.try_wait().expect("its state") {
                *child = None;
                return status.to_string();
            }
        }
        std::thread::sleep(LOOK);
    }
}
