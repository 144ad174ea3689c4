//! Processes that are well and others, played by hand over real connections.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use dzinza_ports::{SystemClock, SystemIds};
use http::{Request as Http, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::template::Function;

const BUDGET: Duration = Duration::from_secs(20);

async fn hall() -> Arc<RuntimeApi> {
    let template = Template {
        functions: vec![Function::named("trees"), Function::named("people")],
        ..Template::default()
    };
    let listen = "127.0.0.1:0".parse().unwrap();
    let hall = Hall { listen, fleet: None, clock: Arc::new(SystemClock), ids: Arc::new(SystemIds) };
    Arc::new(RuntimeApi::bind(&template, hall).await.unwrap())
}

/// Asks a function, as the gateway does.
fn ask(
    api: &Arc<RuntimeApi>,
    function: &'static str,
    budget: Duration,
) -> JoinHandle<Result<Response, InvokeError>> {
    let api = api.clone();
    tokio::spawn(async move { api.invoke(function, Request::new(Body::empty()), budget).await })
}

async fn status(asked: JoinHandle<Result<Response, InvokeError>>) -> Result<u16, InvokeError> {
    asked.await.unwrap().map(|response| response.status().as_u16())
}

/// A process of a function.
struct Worker {
    function: &'static str,
    /// Where it polls.
    path: String,
    connection: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

/// What it got to do.
struct Work {
    id: String,
    deadline: i64,
    event: Value,
}

impl Worker {
    /// A new one.
    async fn of(api: &RuntimeApi, function: &'static str) -> Self {
        static NUMBERS: AtomicUsize = AtomicUsize::new(0);
        Self::at(api, function, format!("{function}/{}", NUMBERS.fetch_add(1, Ordering::Relaxed))).await
    }

    /// Or another connection of one that is there.
    async fn at(api: &RuntimeApi, function: &'static str, path: String) -> Self {
        let stream = TcpStream::connect(api.address()).await.unwrap();
        let (connection, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driver = tokio::spawn(async move {
            let _ = driver.await;
        });
        Self { function, path, connection, driver }
    }

    async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
    ) -> http::Response<hyper::body::Incoming> {
        let target = format!("/{}/2018-06-01/runtime/{path}", self.path);
        let request = Http::builder().method(method).uri(target).header("host", "runner");
        self.connection.ready().await.unwrap();
        self.connection.send_request(request.body(Full::new(body.into())).unwrap()).await.unwrap()
    }

    async fn next(&mut self) -> Work {
        let response = self.call("GET", "invocation/next", "").await;
        assert_eq!(response.status(), StatusCode::OK);
        let text = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let (id, deadline) = (text("lambda-runtime-aws-request-id"), text("lambda-runtime-deadline-ms"));
        assert!(text("lambda-runtime-invoked-function-arn").ends_with(self.function));
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Work { id, deadline: deadline.parse().unwrap(), event: serde_json::from_slice(&bytes).unwrap() }
    }

    async fn tell(&mut self, id: &str, what: &str, body: impl Into<Bytes>) -> u16 {
        let response = self.call("POST", &format!("invocation/{id}/{what}"), body).await;
        let status = response.status().as_u16();
        response.into_body().collect().await.unwrap();
        status
    }

    async fn answer(&mut self, id: &str, status: u16) -> u16 {
        self.tell(id, "response", json!({ "statusCode": status }).to_string()).await
    }

    /// Ends as a process that is killed.
    fn die(self) {
        drop(self.connection);
        self.driver.abort();
    }
}

#[tokio::test]
async fn a_process_waits_for_work_and_gets_nothing_else() {
    let api = hall().await;
    // Alone, it needs no name of its own.
    let mut worker = Worker::at(&api, "trees", "trees".to_owned()).await;
    let waiting = tokio::spawn(async move {
        let work = worker.next().await;
        let told = worker.answer(&work.id, 204).await;
        (work, told)
    });
    sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    let before = api.clock.now().as_millisecond();
    assert_eq!(status(ask(&api, "trees", BUDGET)).await, Ok(204));
    let (work, told) = waiting.await.unwrap();
    assert_eq!((told, &work.event["version"]), (202, &json!("2.0")));
    assert!((before..before + 40_000).contains(&work.deadline), "{} {before}", work.deadline);
}

#[tokio::test]
async fn as_many_requests_are_worked_on_as_there_are_processes() {
    let api = hall().await;
    let asked: Vec<_> = (0..3).map(|_| ask(&api, "trees", BUDGET)).collect();
    let (mut one, mut other) = (Worker::of(&api, "trees").await, Worker::of(&api, "trees").await);
    let (first, second) = (one.next().await, other.next().await);
    // The third waits for whoever is free first.
    assert_eq!(other.answer(&second.id, 200).await, 202);
    let third = other.next().await;
    assert_eq!(other.answer(&third.id, 200).await, 202);
    assert_eq!(one.answer(&first.id, 200).await, 202);
    for asked in asked {
        assert_eq!(status(asked).await, Ok(200));
    }
}

#[tokio::test]
async fn who_takes_too_long_costs_its_caller_an_answer_and_nobody_else_anything() {
    let api = hall().await;
    let mut worker = Worker::of(&api, "trees").await;
    let late = ask(&api, "trees", Duration::from_millis(200));
    let work = worker.next().await;
    assert_eq!(status(late).await, Err(InvokeError::Timeout));
    assert_eq!(worker.answer(&work.id, 200).await, 400);
    let asked = ask(&api, "trees", BUDGET);
    let work = worker.next().await;
    worker.answer(&work.id, 200).await;
    assert_eq!(status(asked).await, Ok(200));
}

#[tokio::test]
async fn who_goes_away_over_its_work_costs_its_caller_an_answer_and_nobody_else_anything() {
    let api = hall().await;
    let (mut dies, mut lives) = (Worker::of(&api, "trees").await, Worker::of(&api, "trees").await);
    let lost = ask(&api, "trees", BUDGET);
    dies.next().await;
    let kept = ask(&api, "trees", BUDGET);
    let work = lives.next().await;
    dies.die();
    assert_eq!(status(lost).await, Err(InvokeError::Bad));
    lives.answer(&work.id, 200).await;
    assert_eq!(status(kept).await, Ok(200));
}

#[tokio::test]
async fn one_that_closes_a_connection_over_its_work_has_not_gone() {
    let api = hall().await;
    let mut first = Worker::of(&api, "trees").await;
    let mut second = Worker::at(&api, "trees", first.path.clone()).await;
    assert_eq!(second.answer("no-such-id", 200).await, 400);
    let asked = ask(&api, "trees", BUDGET);
    let work = first.next().await;
    first.die();
    sleep(Duration::from_millis(600)).await;
    assert_eq!(second.answer(&work.id, 200).await, 202);
    assert_eq!(status(asked).await, Ok(200));
}

#[tokio::test]
async fn one_that_goes_away_while_it_waits_costs_nobody_anything() {
    let api = hall().await;
    let mut dies = Worker::of(&api, "trees").await;
    let waits = tokio::spawn(async move { dies.next().await.id });
    sleep(Duration::from_millis(50)).await;
    waits.abort();
    let _ = waits.await;
    let asked = ask(&api, "trees", BUDGET);
    let mut lives = Worker::of(&api, "trees").await;
    let work = lives.next().await;
    lives.answer(&work.id, 200).await;
    assert_eq!(status(asked).await, Ok(200));
}

#[tokio::test]
async fn nonsense_costs_its_caller_an_answer_and_nobody_else_anything() {
    let api = hall().await;
    let mut worker = Worker::of(&api, "trees").await;
    let large = vec![b' '; LARGEST + 1];
    for (what, body, told) in [
        ("response", b"{\"statusCode\":".to_vec(), 202),
        ("response", b"\xff\xff".to_vec(), 202),
        ("response", large, 413),
        ("error", b"{\"errorType\":\"Odd\",\"errorMessage\":\"ouch\"}".to_vec(), 202),
        ("error", b"".to_vec(), 202),
    ] {
        let asked = ask(&api, "trees", BUDGET);
        let work = worker.next().await;
        let answered = worker.tell(&work.id, what, body).await;
        assert_eq!((answered, status(asked).await), (told, Err(InvokeError::Bad)), "{what}");
        if told == 413 {
            // The rest of it is still on its way.
            worker = Worker::of(&api, "trees").await;
        }
    }
    let asked = ask(&api, "trees", BUDGET);
    let work = worker.next().await;
    assert_eq!(worker.answer(&work.id, 200).await, 202);
    assert_eq!(status(asked).await, Ok(200));
}

#[tokio::test]
async fn nobody_answers_twice_or_for_another() {
    let api = hall().await;
    let (mut trees, mut people) = (Worker::of(&api, "trees").await, Worker::of(&api, "people").await);
    let asked = ask(&api, "trees", BUDGET);
    let work = trees.next().await;
    assert_eq!(people.answer(&work.id, 500).await, 400);
    assert_eq!(people.tell(&work.id, "error", "{}").await, 400);
    assert_eq!(people.answer("no-such-id", 500).await, 400);
    assert_eq!(trees.answer(&work.id, 200).await, 202);
    assert_eq!(trees.answer(&work.id, 500).await, 400);
    assert_eq!(status(asked).await, Ok(200));
    let mut stranger = Worker::of(&api, "nobody").await;
    assert_eq!(stranger.call("GET", "invocation/next", "").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(status(ask(&api, "nobody", BUDGET)).await, Err(InvokeError::NoSuchFunction));
}

#[tokio::test]
async fn who_cannot_begin_lets_its_own_callers_know() {
    let api = hall().await;
    let (trees, people) = (ask(&api, "trees", BUDGET), ask(&api, "people", BUDGET));
    sleep(Duration::from_millis(50)).await;
    let mut worker = Worker::of(&api, "trees").await;
    assert_eq!(
        worker.call("POST", "init/error", "{\"errorType\":\"Config\"}").await.status(),
        StatusCode::ACCEPTED
    );
    assert_eq!(status(trees).await, Err(InvokeError::Bad));
    let mut well = Worker::of(&api, "people").await;
    let work = well.next().await;
    well.answer(&work.id, 200).await;
    assert_eq!(status(people).await, Ok(200));
}

#[tokio::test]
async fn work_is_skipped_whose_caller_has_gone() {
    let api = hall().await;
    let gone = ask(&api, "trees", BUDGET);
    sleep(Duration::from_millis(50)).await;
    gone.abort();
    let _ = gone.await;
    let asked = {
        let api = api.clone();
        tokio::spawn(async move {
            let request = Http::get("/wanted").body(Body::empty()).unwrap();
            api.invoke("trees", request, BUDGET).await
        })
    };
    let mut worker = Worker::of(&api, "trees").await;
    let work = worker.next().await;
    assert_eq!(work.event["rawPath"], "/wanted");
    worker.answer(&work.id, 200).await;
    assert_eq!(status(asked).await, Ok(200));
}

#[tokio::test]
async fn what_is_too_large_is_never_sent() {
    let api = hall().await;
    for size in [LARGEST, LARGEST + 1] {
        let request = Request::new(Body::from(vec![b'x'; size]));
        assert_eq!(api.invoke("trees", request, BUDGET).await.unwrap_err(), InvokeError::TooLarge);
    }
}
