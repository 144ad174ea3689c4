//! Where requests to one function wait for a process that takes them.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::fleet::Crew;
use crate::invoker::InvokeError;

/// No more than this wait for a process; whoever comes then is told to come again.
const MOST_WAITING: usize = 256;
/// How long one may wait for a process to take it.
const PATIENCE: Duration = Duration::from_secs(10);
/// A process whose connection has ended may have just opened another for its answer.
const GRACE: Duration = Duration::from_millis(250);

/// A call of the function.
pub(super) struct Call {
    pub(super) id: String,
    pub(super) event: Bytes,
    /// In milliseconds since 1970.
    pub(super) deadline: i64,
    /// The same moment.
    pub(super) until: Instant,
}

/// Who a process is: by the name that it polls under, or else by where it calls from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Who(pub(super) String, pub(super) IpAddr);

/// A process, for as long as one of its connections lives. It may well close the one on which it took its work.
pub(super) struct Member {
    gone: CancellationToken,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.gone.cancel();
    }
}

/// Connections on which nobody has said anything yet, by where they come from. A process may have opened one beside the one
/// that it uses, and keep that.
#[derive(Default)]
pub(super) struct Lobby(Mutex<HashMap<IpAddr, usize>>);

impl Lobby {
    /// Somebody comes, and is there until the answer is dropped.
    pub(super) fn enter(self: &Arc<Self>, from: IpAddr) -> Stranger {
        *self.strangers().entry(from).or_default() += 1;
        Stranger { from, lobby: self.clone() }
    }

    fn strangers(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Lobby`].
pub(super) struct Stranger {
    from: IpAddr,
    lobby: Arc<Lobby>,
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut strangers = self.lobby.strangers();
        match strangers.get_mut(&self.from) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(strangers.remove(&self.from)),
        }
    }
}

/// How it is known that whoever works on a call is still there; nothing, if it cannot be.
pub(super) type Presence = Option<(Who, CancellationToken)>;

/// The requests to one function and the processes that ask for them.
pub(super) struct Desk {
    name: String,
    state: Mutex<State>,
    /// Somebody waits.
    news: Notify,
    crew: Option<Crew>,
    lobby: Arc<Lobby>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    working: HashMap<String, Working>,
    /// Processes that ask for work just now.
    idle: usize,
    /// Processes that were started here and have not ended.
    alive: usize,
    /// Of those, the ones that have not asked for work yet.
    starting: usize,
    members: HashMap<Who, Weak<Member>>,
}

struct Waiting {
    call: Call,
    taken: oneshot::Sender<Presence>,
    answer: oneshot::Sender<Outcome>,
}

struct Working {
    answer: oneshot::Sender<Outcome>,
    who: Option<Who>,
}

/// What a process made of its call.
pub(super) enum Outcome {
    /// It answered.
    Answer(Bytes),
    /// It said that it could not, or said what nobody understands.
    Failed,
}

impl Desk {
    pub(super) fn new(name: &str, crew: Option<Crew>, lobby: Arc<Lobby>) -> Self {
        Self { name: name.to_owned(), state: Mutex::default(), news: Notify::new(), crew, lobby }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is done while it is held that could leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a process and for its answer, until the deadline. Dropping this takes the call back.
    pub(super) async fn call(self: &Arc<Self>, call: Call) -> Result<Bytes, InvokeError> {
        let (id, until) = (call.id.clone(), call.until);
        let (taken, is_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        {
            let mut state = self.state();
            if state.waiting.len() >= MOST_WAITING {
                return Err(InvokeError::Busy);
            }
            state.waiting.push_back(Waiting { call, taken, answer });
        }
        let _place = Place { desk: self, id };
        self.news.notify_one();
        self.staff();
        let patience = until.min(Instant::now() + PATIENCE);
        let presence = match timeout_at(patience, is_taken).await {
            Ok(Ok(presence)) => presence,
            Ok(Err(_)) if until > Instant::now() => return Err(InvokeError::Bad),
            Ok(Err(_)) => return Err(InvokeError::Timeout),
            Err(_) => return Err(self.nobody()),
        };
        tokio::select! {
            biased;
            answered = answered => match answered {
                Ok(Outcome::Answer(bytes)) => Ok(bytes),
                Ok(Outcome::Failed) | Err(_) => Err(InvokeError::Bad),
            },
            () = sleep_until(until) => Err(InvokeError::Timeout),
            () = self.missed(presence) => {
                tracing::error!(function = self.name, "the process went away over its work");
                Err(InvokeError::Bad)
            }
        }
    }

    /// Why nobody took a call.
    fn nobody(&self) -> InvokeError {
        let state = self.state();
        if state.idle + state.working.len() > 0 { InvokeError::Busy } else { InvokeError::Unreachable }
    }

    /// Resolves when a process has gone.
    async fn missed(&self, presence: Presence) {
        let Some((who, mut gone)) = presence else { return std::future::pending().await };
        loop {
            gone.cancelled().await;
            sleep(GRACE).await;
            match self.state().members.get(&who).and_then(Weak::upgrade) {
                Some(back) => gone = back.gone.clone(),
                None if self.lobby.strangers().contains_key(&who.1) => {}
                None => return,
            }
        }
    }

    /// The process of this name. Whoever holds the answer keeps it from being missed.
    pub(super) fn member(&self, who: &Who) -> Arc<Member> {
        let mut state = self.state();
        if let Some(member) = state.members.get(who).and_then(Weak::upgrade) {
            return member;
        }
        state.starting = state.starting.saturating_sub(1);
        state.members.retain(|_, member| member.strong_count() > 0);
        let member = Arc::new(Member { gone: CancellationToken::new() });
        state.members.insert(who.clone(), Arc::downgrade(&member));
        member
    }

    /// How a process is missed.
    pub(super) fn presence(&self, who: &Who) -> Presence {
        let member = self.state().members.get(who).and_then(Weak::upgrade)?;
        Some((who.clone(), member.gone.clone()))
    }

    /// The next call for a process, once there is one.
    pub(super) async fn next(&self, presence: &Presence) -> Call {
        loop {
            let mut news = pin!(self.news.notified());
            // From here on news is kept for this process, even before it waits.
            news.as_mut().enable();
            if let Some(call) = self.take(presence) {
                return call;
            }
            let _idle = Idle::new(self);
            news.await;
        }
    }

    fn take(&self, presence: &Presence) -> Option<Call> {
        let mut state = self.state();
        while let Some(Waiting { call, taken, answer }) = state.waiting.pop_front() {
            // Whoever has gone needs no answer, and whoever has no time left would not get it.
            if call.until > Instant::now() && taken.send(presence.clone()).is_ok() {
                let who = presence.as_ref().map(|(who, _)| who.clone());
                state.working.insert(call.id.clone(), Working { answer, who });
                return Some(call);
            }
        }
        None
    }

    /// Ends a call that a process works on. False if there is none of this id, or no longer.
    pub(super) fn end(&self, id: &str, outcome: Outcome) -> bool {
        let working = self.state().working.remove(id);
        working.is_some_and(|working| working.answer.send(outcome).is_ok())
    }

    /// A process could not begin. Those who wait are told, unless there are others to wait for.
    pub(super) fn could_not_begin(&self) {
        let mut state = self.state();
        if state.idle + state.working.len() == 0 {
            state.waiting.clear();
        }
    }

    /// Starts a process if there is work for one more.
    pub(super) fn staff(self: &Arc<Self>) {
        let Some(crew) = &self.crew else { return };
        {
            let mut state = self.state();
            let spare = state.idle + state.starting;
            if state.waiting.len() <= spare || state.alive >= crew.replicas {
                return;
            }
            state.alive += 1;
            state.starting += 1;
        }
        let desk = Arc::downgrade(self);
        crew.start(move |name| {
            let Some(desk) = desk.upgrade() else { return };
            {
                let mut state = desk.state();
                state.working.retain(|_, working| working.who.as_ref().is_none_or(|who| who.0 != name));
                state.alive = state.alive.saturating_sub(1);
                let asked = state.idle + state.working.len();
                state.starting = state.starting.min(state.alive.saturating_sub(asked));
            }
            desk.staff();
        });
    }
}

/// A call's place at the desk: free again, whatever becomes of its caller.
struct Place<'a> {
    desk: &'a Desk,
    id: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.desk.state();
        if state.working.remove(&self.id).is_none() {
            state.waiting.retain(|waiting| waiting.call.id != self.id);
        }
    }
}

/// A process that asks for work.
struct Idle<'a>(&'a Desk);

impl<'a> Idle<'a> {
    fn new(desk: &'a Desk) -> Self {
        desk.state().idle += 1;
        Self(desk)
    }
}

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.idle = state.idle.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: usize) -> Call {
        let until = Instant::now() + Duration::from_secs(30);
        Call { id: id.to_string(), event: Bytes::new(), deadline: 0, until }
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_takes_is_refused_in_time_and_busy_is_not_gone() {
        let desk = Arc::new(Desk::new("trees", None, Arc::default()));
        let began = Instant::now();
        assert_eq!(desk.call(call(1)).await, Err(InvokeError::Unreachable));
        assert_eq!(began.elapsed(), PATIENCE);
        let (first, busy) = tokio::join!(desk.call(call(2)), async {
            assert_eq!(desk.next(&None).await.id, "2");
            desk.call(call(3)).await
        });
        assert_eq!((first, busy), (Err(InvokeError::Timeout), Err(InvokeError::Busy)));
        let state = desk.state();
        assert_eq!((state.waiting.len(), state.working.len(), state.idle), (0, 0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_wait_than_there_is_room_for() {
        let desk = Arc::new(Desk::new("trees", None, Arc::default()));
        let spawn = |id| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.call(call(id)).await })
        };
        let waiting: Vec<_> = (0..MOST_WAITING).map(spawn).collect();
        sleep(Duration::from_millis(1)).await;
        assert_eq!(desk.call(call(MOST_WAITING)).await, Err(InvokeError::Busy));
        for waiting in waiting {
            assert_eq!(waiting.await.unwrap(), Err(InvokeError::Unreachable));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_on_another_line_is_an_answer() {
        let desk = Arc::new(Desk::new("trees", None, Arc::default()));
        let who = Who("1".to_owned(), IpAddr::from([127, 0, 0, 1]));
        let (answered, ()) = tokio::join!(desk.call(call(1)), async {
            let first = desk.member(&who);
            let taken = desk.next(&desk.presence(&who)).await;
            drop(first);
            sleep(GRACE / 2).await;
            let second = desk.member(&who);
            sleep(GRACE * 2).await;
            assert!(desk.end(&taken.id, Outcome::Answer(Bytes::from_static(b"{}"))));
            drop(second);
        });
        assert_eq!(answered, Ok(Bytes::from_static(b"{}")));
    }
}
