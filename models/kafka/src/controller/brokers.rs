//! Brokers come, stay and go: registration, heartbeats, sessions, fencing, controlled shutdown.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use super::{Controller, Session};
use crate::config::Version;
use crate::error_code::ErrorCode;
use crate::message::{Heartbeat, HeartbeatIs, Message, Register, Registered, Standing};
use crate::metadata::{BrokerEpoch, BrokerStatus, MetadataVersion};
use crate::model::Kafka;
use crate::mutation::Rule;

impl Controller {
    /// Registers a broker's process. While the process before it still has a session the registration is refused,
    /// so a broker that restarts fast is fenced before it is let in again. The new process gets a higher broker
    /// epoch and begins fenced, outside every in-sync set.
    ///
    /// With eligible leader replicas it matters how the last process ended: the broker epoch from the clean-shutdown
    /// marker is that of the last registration only after a clean stop. Without them the marker decides nothing.
    ///
    /// Source: `ClusterControlManager.registerBroker`, `ReplicationControlManager.handleBrokerShutdown`, metadata, 4.1.
    #[cold]
    pub(super) fn register(&mut self, ctx: &mut Ctx<'_, Kafka>, broker: NodeId, request: &Register) {
        self.sessions[broker.index()].last_heard = Some(ctx.now());
        let existing = self.cluster.image.broker(broker).copied();
        let result = match existing {
            Some(status) if status.incarnation == request.incarnation => Ok(status.epoch),
            Some(status) if !Rule::DuplicateRegistration.holds() => Ok(status.epoch),
            Some(status) if self.has_valid_session(ctx.now(), broker, &status) => {
                let name = self.plan.name(broker).to_owned();
                ctx.note(|| format!("refuses to register {name}: the session of its last process is still valid"));
                Err(ErrorCode::DuplicateBrokerRegistration)
            }
            Some(_) | None => Ok(self.admit(broker, existing, request)),
        };
        self.reply(ctx, broker, Message::Registered(Registered { correlation: request.correlation, result }));
    }

    fn admit(&mut self, broker: NodeId, existing: Option<BrokerStatus>, request: &Register) -> BrokerEpoch {
        let is_clean = !Rule::ElrUncleanShutdown.holds()
            || existing.is_some_and(|status| request.previous_broker_epoch == Some(status.epoch));
        match self.plan.config.broker.eligible_leader_replicas && !is_clean {
            true => self.remove_from_isr_and_elr(broker),
            false => self.remove_from_isr(broker),
        }
        self.decide();
        let epoch = BrokerEpoch(self.cluster.image.version.0);
        self.cluster.image.brokers[broker.index()] =
            Some(BrokerStatus { epoch, incarnation: request.incarnation, fenced: true, shutting_down: false });
        let session = &mut self.sessions[broker.index()];
        *session = Session { last_heard: session.last_heard, ..Session::default() };
        epoch
    }

    /// Whether a broker's questions still come in. News is not sent to brokers, they fetch it; so one that is not heard
    /// does not hear either, whichever direction of the cable is cut.
    ///
    /// Simplified: a broker's fetches of the metadata log are not sent one by one; they are taken to come in for half a
    /// session after its last heartbeat. Gives up: a broker may hear of a change some seconds after it was cut off.
    ///
    /// Source: `KafkaRaftClient.handleFetchRequest`, raft, 4.1; KIP-595.
    pub(super) fn hears(&self, now: Time, broker: NodeId) -> bool {
        let half = Span(self.plan.config.broker.session_timeout.0 / 2);
        self.sessions[broker.index()].last_heard.is_some_and(|last| now.since(last) <= half)
    }

    /// From 4.0 on a session outlives the fencing that a shutdown ends with, so that even a broker that stopped
    /// cleanly waits for its old session to run out.
    ///
    /// Source: `BrokerHeartbeatManager.hasValidSession` up to 3.9, `BrokerHeartbeatTracker.hasValidSession` from 4.0.
    fn has_valid_session(&self, now: Time, broker: NodeId, status: &BrokerStatus) -> bool {
        let forgets_fenced = self.plan.config.version < Version::new(4, 0);
        !(forgets_fenced && status.fenced) && self.session_is_valid(now, broker)
    }

    fn session_is_valid(&self, now: Time, broker: NodeId) -> bool {
        let timeout = self.plan.config.broker.session_timeout;
        self.sessions[broker.index()].last_contact.is_some_and(|last| now.since(last) <= timeout)
    }

    /// Fences every broker whose session ran out, one after the other, the one not heard from for longest first: what
    /// the fencing of one leads to is there before the next one is fenced.
    ///
    /// Source: `ReplicationControlManager.maybeFenceOneStaleBroker`, metadata, 4.1; the order by last contact is that of
    /// `BrokerHeartbeatManager` up to 3.9. (From 4.0 on the order among several is that of a hash table.)
    pub(super) fn fence_stale_brokers(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.now();
        loop {
            let stale = self
                .plan
                .layout
                .brokers
                .iter()
                .filter(|&&broker| !self.session_is_valid(now, broker))
                .filter_map(|&broker| Some((self.sessions[broker.index()].last_contact?, broker)))
                .min();
            let Some((last_contact, broker)) = stale.filter(|_| Rule::Session.holds()) else { return };
            self.sessions[broker.index()].last_contact = None;
            let name = self.plan.name(broker).to_owned();
            ctx.note(|| format!("fences {name}: not heard from since {last_contact}"));
            self.fence(broker);
        }
    }

    /// Takes a broker out of every in-sync set and every leadership.
    ///
    /// Source: `ReplicationControlManager.handleBrokerFenced`, metadata, 4.1.
    fn fence(&mut self, broker: NodeId) {
        self.sessions[broker.index()].shutdown_after = None;
        let Some(status) = &mut self.cluster.image.brokers[broker.index()] else { return };
        if !status.fenced {
            status.fenced = true;
            self.decide();
        }
        self.remove_from_isr(broker);
    }

    /// Lets a broker lead and be in sync again, and gives it the leaderships that waited for it.
    ///
    /// Source: `ReplicationControlManager.handleBrokerUnfenced`, metadata, 4.1.
    fn unfence(&mut self, broker: NodeId) {
        let Some(status) = &mut self.cluster.image.brokers[broker.index()] else { return };
        status.fenced = false;
        self.decide();
        let layout = &self.plan.layout;
        if self.cluster.image.partitions.is_empty() && layout.brokers.iter().all(|&node| self.cluster.is_active(node)) {
            self.cluster.create_topics(layout);
            self.decide();
            for index in self.plan.layout.indices() {
                self.tell_elected(index, false);
            }
        }
        self.elect_for_leaderless();
    }

    /// A broker says that it is alive and how far it has come.
    ///
    /// - Fenced, and it has applied the state with its own registration: unfenced. What came after that it need not
    ///   have seen, so a leader that comes back from a cut is let in with an old view.
    /// - It wants to shut down: it gives up its leaderships and in-sync sets first, and may go when it leads nothing
    ///   and every active broker has seen that; or at once when it led nothing or is fenced.
    ///
    /// Source: `BrokerHeartbeatManager.calculateNextBrokerState`, `ReplicationControlManager.processBrokerHeartbeat`,
    /// metadata, 4.1.
    #[cold]
    pub(super) fn heartbeat(&mut self, ctx: &mut Ctx<'_, Kafka>, broker: NodeId, request: &Heartbeat) {
        let correlation = request.correlation;
        self.sessions[broker.index()].last_heard = Some(ctx.now());
        let status = match self.cluster.image.broker(broker) {
            Some(status) if status.epoch == request.broker_epoch => *status,
            other => {
                let error = match other {
                    Some(_) => ErrorCode::StaleBrokerEpoch,
                    None => ErrorCode::BrokerIdNotRegistered,
                };
                return self.reply(ctx, broker, Message::HeartbeatIs(HeartbeatIs { correlation, result: Err(error) }));
            }
        };
        let session = &mut self.sessions[broker.index()];
        session.last_contact = Some(ctx.now());
        session.applied = request.applied;
        let may_shut_down = request.wants_shutdown && self.lets_go(broker, &status);
        if may_shut_down {
            self.fence(broker);
        } else if status.fenced && request.applied.0 >= status.epoch.0 {
            let name = self.plan.name(broker).to_owned();
            ctx.note(|| format!("unfences {name}"));
            self.unfence(broker);
        }
        let is_fenced = self.cluster.image.broker(broker).is_some_and(|status| status.fenced);
        let result = Ok(Standing { is_fenced, may_shut_down });
        self.reply(ctx, broker, Message::HeartbeatIs(HeartbeatIs { correlation, result }));
        if request.applied < self.committed.version {
            ctx.send(broker, Message::Publish(self.committed.clone()));
        }
    }

    /// Whether a broker that wants to shut down may do so now. If not, its leaderships are on their way to others.
    fn lets_go(&mut self, broker: NodeId, status: &BrokerStatus) -> bool {
        if status.fenced {
            return true;
        }
        let leads = self.cluster.image.partitions.iter().any(|partition| partition.leader == Some(broker));
        let session = &mut self.sessions[broker.index()];
        match session.shutdown_after {
            Some(_) if leads => false,
            Some(version) => version <= self.lowest_applied(),
            None if !leads => true,
            None => {
                if let Some(status) = &mut self.cluster.image.brokers[broker.index()] {
                    status.shutting_down = true;
                }
                self.decide();
                self.remove_from_isr(broker);
                self.sessions[broker.index()].shutdown_after = Some(self.cluster.image.version);
                false
            }
        }
    }

    /// The oldest state that an active broker has.
    fn lowest_applied(&self) -> MetadataVersion {
        let brokers = self.plan.layout.brokers.iter().filter(|&&broker| self.cluster.is_active(broker));
        let lowest = brokers.map(|broker| self.sessions[broker.index()].applied).min();
        lowest.unwrap_or(MetadataVersion(u64::MAX))
    }
}
