use std::collections::VecDeque;
use std::sync::Mutex;

use dzinza_ports::{NewMessage, QueueDepth};
use serde_json::json;

use super::*;

/// Records what the pump asks of a queue; what a queue does with it is the contract suite's matter.
#[derive(Default)]
struct Recorder {
    waiting: Mutex<VecDeque<Message>>,
    calls: Mutex<Vec<String>>,
    received: Mutex<Vec<(String, u32, Duration, u32)>>,
}

impl Recorder {
    fn with(count: usize) -> Arc<Self> {
        let message =
            |n| Message { id: format!("m{n}"), receipt: format!("r{n}"), body: json!({"n": n}), attempts: 1 };
        Arc::new(Self { waiting: Mutex::new((1..=count).map(message).collect()), ..Self::default() })
    }
    fn note(&self, call: String) -> bool {
        self.calls.lock().unwrap().push(call);
        true
    }
    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

#[async_trait]
impl Queue for Recorder {
    async fn send(&self, _: NewMessage) -> Result<(), StoreError> {
        Ok(())
    }
    async fn receive(
        &self,
        queue: &str,
        max: u32,
        lease: Duration,
        receives: u32,
    ) -> Result<Vec<Message>, StoreError> {
        self.received.lock().unwrap().push((queue.to_owned(), max, lease, receives));
        let mut waiting = self.waiting.lock().unwrap();
        let count = waiting.len().min(max as usize);
        Ok(waiting.drain(..count).collect())
    }
    async fn extend(&self, receipt: &str, lease: Duration) -> Result<bool, StoreError> {
        Ok(self.note(format!("extend {receipt} {}", lease.as_secs())))
    }
    async fn delete(&self, receipt: &str) -> Result<bool, StoreError> {
        Ok(self.note(format!("delete {receipt}")))
    }
    async fn give_back(&self, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        Ok(self.note(format!("give back {receipt} {}", delay.as_secs())))
    }
    async fn release(&self, receipt: &str) -> Result<bool, StoreError> {
        Ok(self.note(format!("release {receipt}")))
    }
    async fn depth(&self, _: &str) -> Result<QueueDepth, StoreError> {
        Ok(QueueDepth::default())
    }
}

/// A handler that takes its time and fails the messages it is told to.
#[derive(Default)]
struct Worker {
    takes: Duration,
    fails: Vec<&'static str>,
    panics: bool,
    seen: Mutex<Vec<Message>>,
}

#[async_trait]
impl JobHandler for Worker {
    async fn handle(&self, messages: Vec<Message>) -> Vec<String> {
        self.seen.lock().unwrap().extend(messages);
        assert!(!self.panics, "as told");
        sleep(self.takes).await;
        self.fails.iter().map(|id| (*id).to_owned()).collect()
    }
}

fn template(batch_size: u32) -> Template {
    let queue = QueueSource { queue: "jobs".to_owned(), batch_size, max_receives: 3 };
    let timeout = Duration::from_mins(1);
    Template {
        functions: vec![Function { queues: vec![queue], timeout, ..Function::named("jobs") }],
        ..Template::default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_succeeds_is_deleted_and_what_fails_is_given_back() {
    let queue = Recorder::with(3);
    let worker = Arc::new(Worker { fails: vec!["m2"], ..Worker::default() });
    let pump = Pump::new(&template(2), queue.clone(), worker.clone());
    assert_eq!(pump.drain_once().await.unwrap(), Drained { done: 2, failed: 1 });
    assert_eq!(queue.calls(), ["delete r1", "give back r2 2", "delete r3"]);
    assert_eq!(worker.seen.lock().unwrap().len(), 3);
    assert_eq!(queue.received.lock().unwrap()[0], ("jobs".to_owned(), 2, LEASE, 3));
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_kept_while_the_handler_runs() {
    let queue = Recorder::with(1);
    let worker = Arc::new(Worker { takes: Duration::from_secs(10), ..Worker::default() });
    Pump::new(&template(1), queue.clone(), worker).drain_once().await.unwrap();
    assert_eq!(queue.calls(), ["extend r1 10", "extend r1 10", "extend r1 10", "delete r1"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_or_panics_has_failed() {
    for worker in [
        Worker { takes: Duration::from_hours(1), ..Worker::default() },
        Worker { panics: true, ..Worker::default() },
    ] {
        let queue = Recorder::with(1);
        let drained = Pump::new(&template(1), queue.clone(), Arc::new(worker)).drain_once().await.unwrap();
        assert_eq!(drained, Drained { done: 0, failed: 1 });
        assert_eq!(queue.calls().last().unwrap(), "give back r1 2");
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_for_a_short_job_and_releases_a_long_one_uncounted() {
    for (takes, expected) in [(4, "delete r1"), (50, "release r1")] {
        let queue = Recorder::with(1);
        let worker = Arc::new(Worker { takes: Duration::from_secs(takes), ..Worker::default() });
        let pump = Pump::new(&template(1), queue.clone(), worker);
        let stop = CancellationToken::new();
        let stopper = stop.clone();
        tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            stopper.cancel();
        });
        let started = Instant::now();
        pump.run(&stop).await;
        assert_eq!(queue.calls().last().unwrap(), expected);
        assert!(started.elapsed() <= Duration::from_secs(7));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_is_faster_than_the_poll() {
    let queue = Recorder::with(0);
    let notify = Arc::new(tokio::sync::Notify::new());
    let waker = notify.clone();
    let wake_up: WakeUp = Arc::new(move || {
        let waker = waker.clone();
        async move { waker.notified().await }.boxed()
    });
    let worker = Arc::new(Worker::default());
    let pump = Pump::new(&template(1), queue.clone(), worker.clone()).wake_by(wake_up);
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (pump, stop) = (pump.clone(), stop.clone());
        async move { pump.run(&stop).await }
    });
    sleep(Duration::from_millis(1)).await;
    queue.waiting.lock().unwrap().extend(Recorder::with(1).waiting.lock().unwrap().drain(..));
    notify.notify_one();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(worker.seen.lock().unwrap().len(), 1);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_schedule_runs_after_a_minute_and_then_every_day() {
    let schedule = crate::template::Schedule {
        name: "CleanUp".to_owned(),
        every: Duration::from_hours(24),
        input: json!({ "job": "clean-up" }),
    };
    let function = Function { schedules: vec![schedule], ..Function::named("jobs") };
    let template = Template { functions: vec![function], ..Template::default() };
    let worker = Arc::new(Worker::default());
    let pump = Pump::new(&template, Recorder::with(0), worker.clone());
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { pump.run(&stop).await }
    });
    let count = || worker.seen.lock().unwrap().len();
    sleep(Duration::from_secs(59)).await;
    assert_eq!(count(), 0);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(count(), 1);
    sleep(Duration::from_hours(23)).await;
    assert_eq!(count(), 1);
    sleep(Duration::from_hours(1)).await;
    assert_eq!(count(), 2);
    assert_eq!(worker.seen.lock().unwrap()[0].body, json!({ "job": "clean-up" }));
    stop.cancel();
    running.await.unwrap();
}

#[test]
fn each_failure_waits_longer_up_to_a_bound() {
    let seconds: Vec<u64> = [1, 2, 3, 4, 5, 6, 40].map(|attempts| delay(attempts).as_secs()).to_vec();
    assert_eq!(seconds, [2, 8, 32, 128, 512, 900, 900]);
}
