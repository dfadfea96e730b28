//! The four statuses of a send that was answered, as the client's `SendStatus` spells them.

pub const SEND_OK: &str = "SEND_OK";
pub const FLUSH_DISK_TIMEOUT: &str = "FLUSH_DISK_TIMEOUT";
pub const FLUSH_SLAVE_TIMEOUT: &str = "FLUSH_SLAVE_TIMEOUT";
pub const SLAVE_NOT_AVAILABLE: &str = "SLAVE_NOT_AVAILABLE";

/// All of them. The client returns each without an exception (MQClientAPIImpl.processSendResponse).
pub const ALL: [&str; 4] = [SEND_OK, FLUSH_DISK_TIMEOUT, FLUSH_SLAVE_TIMEOUT, SLAVE_NOT_AVAILABLE];
