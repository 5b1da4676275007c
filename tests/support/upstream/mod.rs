//! A provider of our own: speaks OpenAI's, Anthropic's and Gemini's protocols on one port, counts and remembers what it was
//! sent, and fails in every way a provider can. Hand-written HTTP, so that it can break off at any byte.

mod anthropic;
mod behaviour;
mod connection;
mod deliver;
mod early;
mod fault;
mod gemini;
mod openai;
mod script;
mod seen;
mod spoil;
mod wire;

pub(crate) use behaviour::Behaviour;
pub use fault::Fault;
pub use script::{Reply, Tokens};
pub use seen::Seen;

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// How many requests are remembered whole.
const REMEMBERED: usize = 256;

/// A fake provider that runs until it is dropped.
pub struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    task: Mutex<JoinHandle<()>>,
}

/// What its connections share.
pub(crate) struct State {
    calls: AtomicUsize,
    behaviour: Mutex<Behaviour>,
    seen: Mutex<VecDeque<Seen>>,
    by_model: Mutex<HashMap<String, usize>>,
    /// True while nobody listens.
    down: watch::Sender<bool>,
    /// Streams wait behind their first events while this is true.
    held: watch::Sender<bool>,
    /// Events written by all streams so far.
    events: watch::Sender<usize>,
    /// Streams that were written to their end.
    finished: watch::Sender<usize>,
    /// Of the latest stream that was to be sent, whether or not all of it was.
    stream_bytes: AtomicUsize,
}

impl Upstream {
    /// Starts on a free port.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start() -> Upstream {
        Upstream::start_at("127.0.0.1:0").await
    }

    /// Starts at an address.
    ///
    /// # Panics
    /// When it cannot be had.
    pub async fn start_at(address: &str) -> Upstream {
        let listener = TcpListener::bind(address)
            .await
            .expect("a port for the fake provider");
        let address = listener.local_addr().expect("a bound port has an address");
        let state = Arc::new(State {
            calls: AtomicUsize::new(0),
            behaviour: Mutex::default(),
            seen: Mutex::default(),
            by_model: Mutex::default(),
            down: watch::channel(false).0,
            held: watch::channel(false).0,
            events: watch::channel(0).0,
            finished: watch::channel(0).0,
            stream_bytes: AtomicUsize::new(0),
        });
        let task = Mutex::new(tokio::spawn(accept(listener, state.clone())));
        Upstream { address, state, task }
    }

    /// Stops listening and breaks every connection: who calls now is refused.
    pub fn go_down(&self) {
        lock(&self.task).abort();
        self.state.down.send_replace(true);
    }

    /// Listens again, at the same address.
    ///
    /// # Panics
    /// When somebody else has taken it meanwhile.
    pub async fn come_back(&self) {
        let again = || async { TcpListener::bind(self.address).await.ok() };
        let listener = crate::eventually("the provider's old port", again).await;
        self.state.down.send_replace(false);
        *lock(&self.task) = tokio::spawn(accept(listener, self.state.clone()));
    }

    /// `http://127.0.0.1:PORT`, without the version part that a base URL has.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Paid calls so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// Paid calls for one model.
    #[must_use]
    pub fn calls_of(&self, model: &str) -> usize {
        lock(&self.state.by_model).get(model).copied().unwrap_or(0)
    }

    /// The latest requests, oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state.seen).iter().cloned().collect()
    }

    /// The latest request.
    ///
    /// # Panics
    /// When there was none.
    #[must_use]
    pub fn last(&self) -> Seen {
        lock(&self.state.seen)
            .back()
            .cloned()
            .expect("the provider was called")
    }

    /// How long it thinks before it answers.
    pub fn set_latency(&self, latency: Duration) {
        self.state.change(|behaviour| behaviour.latency = latency);
    }

    /// How long it rests between two events of a stream.
    pub fn set_event_pause(&self, pause: Duration) {
        self.state.change(|behaviour| behaviour.event_pause = pause);
    }

    /// What it says.
    pub fn set_reply(&self, reply: Reply) {
        self.state.change(|behaviour| behaviour.reply = reply);
    }

    /// What one model says instead.
    pub fn set_reply_of(&self, model: &str, reply: Reply) {
        self.state.change(|behaviour| {
            behaviour.reply_of.insert(model.to_owned(), reply);
        });
    }

    /// The usage it reports; none leaves usage out.
    pub fn set_tokens(&self, tokens: Tokens) {
        self.state.change(|behaviour| behaviour.tokens = tokens);
    }

    /// Every call fails like this from now on.
    pub fn fail(&self, fault: Fault) {
        self.state
            .change(|behaviour| behaviour.faults.push((None, fault, None)));
    }

    /// The next `times` calls fail like this.
    pub fn fail_times(&self, fault: Fault, times: usize) {
        self.state
            .change(|behaviour| behaviour.faults.push((None, fault, Some(times))));
    }

    /// Every call of one model fails like this.
    pub fn fail_model(&self, model: &str, fault: Fault) {
        self.state
            .change(|behaviour| behaviour.faults.push((Some(model.to_owned()), fault, None)));
    }

    /// The next `times` calls of one model fail like this.
    pub fn fail_model_times(&self, model: &str, fault: Fault, times: usize) {
        let fails = (Some(model.to_owned()), fault, Some(times));
        self.state.change(|behaviour| behaviour.faults.push(fails));
    }

    /// No more faults of this model.
    pub fn heal_model(&self, model: &str) {
        let other = |of: &Option<String>| of.as_deref() != Some(model);
        self.state
            .change(|behaviour| behaviour.faults.retain(|(of, _, _)| other(of)));
    }

    /// No more faults.
    pub fn heal(&self) {
        self.state.change(|behaviour| behaviour.faults.clear());
    }

    /// Streams stop after their first two events until [`Upstream::release`].
    pub fn hold_streams(&self) {
        self.state.held.send_replace(true);
    }

    /// Lets held streams go on.
    pub fn release(&self) {
        self.state.held.send_replace(false);
    }

    /// How many bytes the latest stream had, uncut.
    #[must_use]
    pub fn last_stream_bytes(&self) -> usize {
        self.state.stream_bytes.load(Ordering::SeqCst)
    }

    /// Waits until this many events have been written, or panics after ten seconds.
    pub async fn events_written(&self, at_least: usize) {
        reached(self.state.events.subscribe(), at_least, "events").await;
    }

    /// Waits until this many streams have been written to their end, or panics after ten seconds.
    pub async fn streams_finished(&self, at_least: usize) {
        reached(self.state.finished.subscribe(), at_least, "finished streams").await;
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        lock(&self.task).abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(connection::serve(stream, state.clone()));
    }
}

impl State {
    fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut lock(&self.behaviour));
    }

    /// Counts a call and says how it is to be answered.
    pub(crate) fn arrived(&self, seen: Seen) -> (Behaviour, Option<Fault>) {
        let mut behaviour = lock(&self.behaviour);
        let fault = behaviour.fault_of(&seen.model);
        if seen.paid {
            self.calls.fetch_add(1, Ordering::SeqCst);
            *lock(&self.by_model).entry(seen.model.clone()).or_default() += 1;
            let mut all = lock(&self.seen);
            if all.len() == REMEMBERED {
                all.pop_front();
            }
            all.push_back(seen);
        }
        (behaviour.clone(), fault)
    }

    /// True when the next call is one whose connection is reset at once.
    pub(crate) fn resets_at_accept(&self) -> bool {
        lock(&self.behaviour).takes_reset_at_accept()
    }

    pub(crate) async fn gone_down(&self) {
        // The sender lives as long as the state, so waiting cannot fail.
        let _ = self.down.subscribe().wait_for(|down| *down).await;
    }

    pub(crate) fn streams(&self, bytes: usize) {
        self.stream_bytes.store(bytes, Ordering::SeqCst);
    }

    pub(crate) fn wrote_event(&self) {
        self.events.send_modify(|n| *n += 1);
    }

    pub(crate) fn finished_stream(&self) {
        self.finished.send_modify(|n| *n += 1);
    }

    pub(crate) async fn pass_hold(&self) {
        // The sender lives as long as the state, so waiting cannot fail.
        let _ = self.held.subscribe().wait_for(|held| !held).await;
    }
}

async fn reached(mut counter: watch::Receiver<usize>, at_least: usize, what: &str) {
    let wait = counter.wait_for(|n| *n >= at_least);
    let waited = tokio::time::timeout(Duration::from_secs(10), wait).await.is_ok();
    assert!(waited, "the provider did not get to {at_least} {what}");
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
