//! Connections to the brokers and the requests that are on their way over them.
//!
//! A connection is opened by asking for metadata and having the answer, which stands for the TCP handshake and
//! `ApiVersions`. Until it is open nothing else is sent over it: what an application sends meanwhile waits, and is
//! not lost with a connection that never was.
//!
//! A request that is not answered in time takes its connection down with it, and with the connection every other
//! request on it. Source: `NetworkClient.handleTimedOutRequests`, `processTimeoutDisconnection` at 4.1.

use std::collections::VecDeque;

use ackproof_core::actor::Ctx;
use ackproof_core::node::{Incarnation, NodeId};
use ackproof_core::seed::Stream;
use ackproof_core::time::{Span, Time};

use crate::config::{Clock, ConnectionConfig};
use crate::message::{Correlation, Message, MetadataRequest};
use crate::model::Kafka;

/// Connections to all brokers; `R` is what the client remembers of a request.
#[derive(Debug)]
pub struct Connections<R> {
    config: ConnectionConfig,
    last: Correlation,
    /// By broker.
    peers: Vec<Peer<R>>,
}

#[derive(Debug)]
struct Peer<R> {
    state: State,
    /// Losses in a row without an open connection in between; the pause before the next attempt grows with them.
    losses: u32,
    /// Attempts in a row that did not lead to an open connection; the patience with the next one grows with them.
    failed_attempts: u32,
    last_attempt: Time,
    requests: VecDeque<Request<R>>,
}

#[derive(Debug)]
enum State {
    /// Not to be tried again before this time.
    Closed {
        until: Time,
    },
    Opening {
        correlation: Correlation,
        by: Time,
    },
    Open,
}

/// A request without an answer yet.
#[derive(Debug)]
pub struct Request<R> {
    correlation: Correlation,
    /// When it is given up.
    due: Time,
    pub what: R,
}

/// What a reply answers.
#[derive(Debug)]
pub enum Answer<R> {
    /// The connection is open now.
    Opened,
    Reply(R),
    /// Nothing that is still waited for.
    Stale,
}

/// Which broker a client may ask for metadata.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum LeastLoaded {
    Open(NodeId),
    /// A connection is being opened; it is waited for before another one is tried.
    Opening,
    /// May be tried now.
    Closed(NodeId),
    None,
}

/// Requests that went down with a connection, oldest first.
pub type Lost<R> = VecDeque<Request<R>>;

impl<R> Connections<R> {
    pub fn new(config: ConnectionConfig, brokers: u8) -> Self {
        let peer = || Peer {
            state: State::Closed { until: Time::ZERO },
            losses: 0,
            failed_attempts: 0,
            last_attempt: Time::ZERO,
            requests: VecDeque::new(),
        };
        Connections { config, last: Correlation::default(), peers: (0..brokers).map(|_| peer()).collect() }
    }

    /// The process began, with another client in it whose requests are numbered from the middle on.
    pub fn begin_within(&mut self, incarnation: Incarnation) {
        self.last = Correlation::within(incarnation);
    }
    /// The process began.
    pub fn begin(&mut self, incarnation: Incarnation) {
        self.last = Correlation::start(incarnation);
    }

    /// What the client's clock shows, the one that it reads timeouts off.
    pub fn now(&self, ctx: &Ctx<'_, Kafka>) -> Time {
        match self.config.clock {
            Clock::Wall => ctx.wall_clock(),
            Clock::Monotonic => ctx.now(),
        }
    }

    pub fn is_open(&self, peer: NodeId) -> bool {
        matches!(self.peers[peer.index()].state, State::Open)
    }

    /// Requests on their way.
    pub fn load(&self, peer: NodeId) -> usize {
        self.peers[peer.index()].requests.len()
    }

    /// What is remembered of every request on its way, by broker and then oldest first.
    pub fn in_flight(&self) -> impl Iterator<Item = &R> {
        self.peers.iter().flat_map(|peer| peer.requests.iter().map(|request| &request.what))
    }
    pub fn in_flight_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.peers.iter_mut().flat_map(|peer| peer.requests.iter_mut().map(|request| &mut request.what))
    }

    /// Begins to open a connection, unless it is open, being opened, or must not be tried yet.
    #[cold]
    pub fn open(&mut self, ctx: &mut Ctx<'_, Kafka>, to: NodeId) {
        let now = self.now(ctx);
        let peer = &mut self.peers[to.index()];
        let State::Closed { until } = peer.state else { return };
        if now < until {
            return;
        }
        let correlation = self.last.advance();
        let timeout = self.config.setup_timeout.draw(peer.failed_attempts + 1, ctx.random);
        peer.state = State::Opening { correlation, by: now + timeout };
        peer.last_attempt = now;
        ctx.send(to, Message::Metadata(MetadataRequest { correlation }));
    }

    /// Sends a request over an open connection.
    pub fn ask(&mut self, ctx: &mut Ctx<'_, Kafka>, to: NodeId, what: R, build: impl FnOnce(Correlation) -> Message) {
        self.ask_within(ctx, to, what, self.config.request_timeout, build);
    }

    /// Sends a request that may take longer than others.
    pub fn ask_within(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        to: NodeId,
        what: R,
        timeout: Span,
        build: impl FnOnce(Correlation) -> Message,
    ) {
        debug_assert!(self.is_open(to), "a request over a connection that is not open");
        let correlation = self.last.advance();
        let due = self.now(ctx) + timeout;
        self.peers[to.index()].requests.push_back(Request { correlation, due, what });
        ctx.send(to, build(correlation));
    }

    /// Sends something that will not be answered over an open connection.
    pub fn tell(&mut self, ctx: &mut Ctx<'_, Kafka>, to: NodeId, build: impl FnOnce(Correlation) -> Message) {
        debug_assert!(self.is_open(to), "a message over a connection that is not open");
        ctx.send(to, build(self.last.advance()));
    }

    /// What the reply with this number answers.
    pub fn answered(&mut self, from: NodeId, correlation: Correlation) -> Answer<R> {
        let Some(peer) = self.peers.get_mut(from.index()) else { return Answer::Stale };
        if let State::Opening { correlation: expected, .. } = peer.state {
            if expected != correlation {
                return Answer::Stale;
            }
            peer.state = State::Open;
            peer.losses = 0;
            peer.failed_attempts = 0;
            return Answer::Opened;
        }
        let place = peer.requests.iter().position(|request| request.correlation == correlation);
        match place.and_then(|place| peer.requests.remove(place)) {
            Some(request) => Answer::Reply(request.what),
            None => Answer::Stale,
        }
    }

    /// The connection is gone: the requests that went with it, oldest first. `None` when there was no connection.
    ///
    /// Source: `ClusterConnectionStates.disconnected` at 4.1: the loss of an open connection says nothing about how
    /// long the next attempt may take.
    #[cold]
    pub fn lose(&mut self, from: NodeId, now: Time, random: &mut Stream) -> Option<Lost<R>> {
        let peer = self.peers.get_mut(from.index())?;
        match peer.state {
            State::Closed { .. } => return None,
            State::Opening { .. } => peer.failed_attempts += 1,
            State::Open => {}
        }
        peer.losses += 1;
        peer.state = State::Closed { until: now + self.config.reconnect.draw(peer.losses, random) };
        Some(std::mem::take(&mut peer.requests))
    }

    /// A broker that did not answer in time, if there is one.
    pub fn overdue(&self, now: Time) -> Option<NodeId> {
        let overdue = |peer: &Peer<R>| self.peer_due(peer) <= now;
        self.peers.iter().position(overdue).map(|index| NodeId(index as u8))
    }

    /// When the next broker will be overdue.
    pub fn due(&self) -> Time {
        self.peers.iter().map(|peer| self.peer_due(peer)).min().unwrap_or(Time::NEVER)
    }

    fn peer_due(&self, peer: &Peer<R>) -> Time {
        match &peer.state {
            State::Opening { by, .. } => *by,
            State::Open => peer.requests.iter().map(|request| request.due).min().unwrap_or(Time::NEVER),
            State::Closed { .. } => Time::NEVER,
        }
    }

    /// When a closed connection may be tried again.
    pub fn retry_at(&self, peer: NodeId) -> Time {
        match self.peers[peer.index()].state {
            State::Closed { until } => until,
            State::Opening { .. } | State::Open => Time::NEVER,
        }
    }

    /// When something for `peer` that is ready at `ready` may go, as far as no answer has to come first: once it is
    /// ready and its connection open, what it waits for is a request in flight, whose answer wakes the client.
    pub fn goes_at(&self, peer: NodeId, ready: Time, now: Time) -> Time {
        if ready > now { ready } else { self.retry_at(peer) }
    }

    /// When any closed connection may be tried again.
    pub fn any_retry_at(&self) -> Time {
        let brokers = (0..self.peers.len() as u8).map(NodeId);
        brokers.map(|peer| self.retry_at(peer)).min().unwrap_or(Time::NEVER)
    }

    /// Whom to ask for metadata: an open connection with the fewest requests, else one that is being opened, else
    /// the closed one that was tried longest ago; the search begins at a random broker.
    ///
    /// Source: `NetworkClient.leastLoadedNode` at 4.1.
    pub fn least_loaded(&self, now: Time, random: &mut Stream) -> LeastLoaded {
        let count = self.peers.len();
        let start = random.between(0, count as u64 - 1) as usize;
        let mut open: Option<(usize, usize)> = None;
        let mut opening = false;
        let mut closed: Option<(Time, usize)> = None;
        for index in (0..count).map(|step| (start + step) % count) {
            let peer = &self.peers[index];
            match peer.state {
                State::Open => {
                    let load = peer.requests.len();
                    if open.is_none_or(|(least, _)| load < least) {
                        open = Some((load, index));
                    }
                }
                State::Opening { .. } => opening = true,
                State::Closed { until } if until <= now => {
                    if closed.is_none_or(|(oldest, _)| peer.last_attempt < oldest) {
                        closed = Some((peer.last_attempt, index));
                    }
                }
                State::Closed { .. } => {}
            }
        }
        let node = |index: usize| NodeId(index as u8);
        match (open, opening, closed) {
            (Some((_, index)), _, _) => LeastLoaded::Open(node(index)),
            (None, true, _) => LeastLoaded::Opening,
            (None, false, Some((_, index))) => LeastLoaded::Closed(node(index)),
            (None, false, None) => LeastLoaded::None,
        }
    }
}
