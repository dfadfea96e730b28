//! The simulated world, and the two engines that drive it: turmoil and a plain event queue.
