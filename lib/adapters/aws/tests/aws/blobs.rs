//! The suite of the port, on both servers.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use dzinza_contract::{Failed, Fresh, ManualClock, Suite};
use dzinza_ports::{Blobs, Ids as _, SystemIds};
use libtest_mimic::Trial;

use crate::ministack::{Ministack, if_installed};
use crate::s3::{self, Embedded, SECRET};

type Port = Arc<dyn Blobs>;

/// What a store on a folder cannot do: a file and a folder of one name, and names of 500 bytes; and what s3s-fs
/// does not promise: one winner of many.
const NOT_ON_A_FOLDER: [&str; 2] = ["keys are exact", "of 20 concurrent new blobs"];

pub fn trials() -> Vec<Trial> {
    let mut embedded = Suite::new("blobs on s3s", on_s3s);
    dzinza_contract::blobs(&mut embedded);
    let possible = |trial: &Trial| !NOT_ON_A_FOLDER.iter().any(|sentence| trial.name().contains(sentence));
    let mut trials: Vec<Trial> = embedded.into_trials().into_iter().filter(possible).collect();
    let mut ministack = Suite::new("blobs on ministack", on_ministack);
    dzinza_contract::blobs(&mut ministack);
    trials.extend(if_installed(ministack.into_trials()));
    trials
}

async fn on_s3s() -> Result<Fresh<Port>, Failed> {
    let server = Embedded::start().await?;
    let clock = Arc::new(ManualClock::default());
    let port = s3::port(&server.address, SECRET, "files", clock.clone()).await?;
    Ok(Fresh { port, clock, guard: Box::new(server) })
}

/// One server for as long as somebody has it.
fn shared() -> Result<Arc<Ministack>, Failed> {
    static SERVER: OnceLock<Mutex<Weak<Ministack>>> = OnceLock::new();
    let mut kept = SERVER.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = kept.upgrade() {
        return Ok(server);
    }
    let server = Arc::new(Ministack::start()?);
    *kept = Arc::downgrade(&server);
    Ok(server)
}

async fn on_ministack() -> Result<Fresh<Port>, Failed> {
    let server = shared()?;
    let clock = Arc::new(ManualClock::default());
    let bucket = format!("files-{}", SystemIds.new_id());
    let port = s3::port(&server.address(), "test", &bucket, clock.clone()).await?;
    Ok(Fresh { port, clock, guard: Box::new(server) })
}
