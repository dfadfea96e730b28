//! The event engine: the world under a plain queue of due events, with the idle milliseconds left out.

use std::rc::Rc;
use std::sync::Arc;

use ackproof_core::model::Model;
use ackproof_core::node::NodeId;
use ackproof_core::recording::Recording;

use crate::queue::Item;
use crate::step::Sink;
use crate::wheel::Wheel;
use crate::world::{Act, World};
use crate::{Bench, Job, SimError};

/// Events in the order in which they are handled.
struct Queue {
    due: Wheel,
    /// Events of paused processes, per node.
    parked: Vec<Vec<Item>>,
}

impl Sink for Queue {
    const WIRE: bool = false;

    fn queue(&mut self, item: Item) {
        self.due.push(item);
    }
    fn carry(&mut self, _from: NodeId, _to: NodeId, _seq: u32, item: Option<Item>, _bytes: Option<Rc<[u8]>>) {
        if let Some(item) = item {
            self.due.push(item);
        }
    }
}

impl Queue {
    fn take<M: Model>(&mut self, world: &World<M>, act: Act) {
        match act {
            Act::Queue(item) | Act::Resend { item, .. } => self.due.push(item),
            Act::Crash(node) => self.parked[node.index()].clear(),
            Act::Wake(node) => {
                let awake = std::mem::take(&mut self.parked[node.index()]);
                awake.into_iter().for_each(|item| self.due.push(world.withheld_until(world.now, item)));
            }
            Act::Bounce(_) | Act::Relink(..) => {}
        }
    }
}

/// Runs one job.
///
/// # Errors
/// [`SimError::Livelock`].
pub fn run<M: Model>(model: &Arc<M>, job: &Job<'_>, bench: Bench) -> Result<Recording, SimError> {
    let mut world = World::new(model, job, bench);
    let mut queue = Queue { due: Wheel::new(), parked: vec![Vec::new(); world.nodes.len()] };
    let mut acts = Vec::new();
    world.open(&mut acts);
    loop {
        // Hardly a millisecond has any.
        if !acts.is_empty() {
            acts.drain(..).for_each(|act| queue.take(&world, act));
        }
        queue.due.turn(world.now);
        while let Some(item) = queue.due.pop() {
            if world.is_paused(item.node) {
                queue.parked[item.node.index()].push(item);
            } else {
                world.handle(item, None, &mut queue);
            }
        }
        world.end_ms()?;
        let instant = world.next_instant();
        let due = queue.due.next_at();
        if instant <= due {
            world.begin_ms(instant, &mut acts);
            if world.phases.is_over {
                return Ok(world.into_recording());
            }
        } else {
            world.now = due;
        }
    }
}
