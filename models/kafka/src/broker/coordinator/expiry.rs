//! Progress that nobody has come back for is forgotten, by records that say so.
//!
//! A group that had members counts from when the last one was gone; one that never had any, whose consumers only store
//! their progress, from when that was stored. While anybody is in the group nothing is forgotten of the topic that
//! they read.
//!
//! Simplified: looked at every so often from when the coordinator took over, where brokers up to 3.9 count from their
//! start, and what is forgotten there counts at once. Gives up: when progress is forgotten, by one interval.
//!
//! Source: `OffsetMetadataManager.cleanupExpiredOffsets`, `ClassicGroup.offsetExpirationCondition`,
//! `GroupCoordinatorShard.cleanupGroupMetadata`, group-coordinator, 4.1; `GroupMetadataManager.cleanupGroupMetadata`,
//! core, 3.9.

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::disk::DiskError;
use ackproof_core::time::Time;

use super::group::Group;
use crate::broker::Broker;
use crate::broker::timer::Timer;
use crate::message::{Generation, GroupRecord};
use crate::model::Kafka;
use crate::mutation::Rule;

/// What a group that is deleted leaves: it looks like one that nobody ever joined.
const DELETED: GroupRecord = GroupRecord::Generation { generation: Generation(0), at: Time::ZERO };

impl Group {
    fn had_members(&self) -> bool {
        self.generation != Generation::default()
    }
}

impl Broker {
    #[cold]
    pub(in crate::broker) fn expire_offsets(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        let Some(group) = &self.coordinator.group else { return Ok(()) };
        let config = &self.plan.config.broker;
        let (retention, now) = (config.offsets_retention, ctx.wall_clock());
        ctx.set_timer(Timer::ExpireOffsets.id(), config.offsets_retention_check_interval);
        let Some(empty_since) = group.empty_since().filter(|_| !group.is_writing() && Rule::OffsetsRetention.holds())
        else {
            return Ok(());
        };
        let since = group.had_members().then_some(empty_since);

        let mut progress = std::mem::take(&mut self.coordinator.progress);
        let Some((replica, mut env)) = self.split(self.plan.layout.offsets()) else { return Ok(()) };
        progress.catch_up(ctx, &env, replica);
        let (mut expired, mut all): (Vec<Origin>, bool) = (Vec::new(), true);
        for (origin, stored_at) in progress.stored() {
            match now.since(since.unwrap_or(stored_at)) >= retention {
                true => expired.push(origin),
                false => all = false,
            }
        }
        let forgets = !expired.is_empty() && !replica.flush.holds_an_append();
        if forgets {
            let mut records: Vec<GroupRecord> =
                expired.iter().map(|&origin| GroupRecord::Forgotten { origin }).collect();
            records.extend(all.then_some(DELETED));
            replica.append_records_of_group(ctx, &mut env, &records)?;
        }
        self.coordinator.progress = progress;
        if forgets {
            self.note_forgotten(ctx, &expired);
            if all {
                let deleted = Group::load(&[], ctx.now(), &self.plan.config);
                self.coordinator.group = Some(Box::new(deleted));
            }
        }
        Ok(())
    }

    fn note_forgotten(&self, ctx: &mut Ctx<'_, Kafka>, origins: &[Origin]) {
        let retention = self.plan.config.broker.offsets_retention;
        for origin in origins {
            ctx.note(|| {
                format!(
                    "forgets the group's progress in partition {}: offsets.retention.minutes ({retention}) have passed",
                    origin.0
                )
            });
        }
    }
}
