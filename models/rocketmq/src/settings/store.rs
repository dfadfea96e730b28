//! Broker settings that decide when what was appended is committed, flushed and deleted.

use ackproof_core::setting::{Setting, ValueKind};

use super::{ACTING, int};

const BROKER: Setting = Setting { section: "broker", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "flushDiskType",
        kind: ValueKind::Exactly(&["ASYNC_FLUSH", "SYNC_FLUSH"]),
        defaults: &[("4.9", "ASYNC_FLUSH")],
        effect: "SYNC_FLUSH answers after the message is on the disk; with ASYNC_FLUSH a power loss drops what was acknowledged in the last 0.5 to 10.5 s.",
        source: "MessageStoreConfig.flushDiskType; CommitLog.DefaultFlushManager",
        ..BROKER
    },
    Setting {
        key: "flushIntervalCommitLog",
        kind: int(1),
        defaults: &[("4.9", "500")],
        unit: "ms",
        effect: "How often ASYNC_FLUSH looks whether enough is dirty to flush.",
        source: "MessageStoreConfig.flushIntervalCommitLog; CommitLog.FlushRealTimeService",
        ..BROKER
    },
    Setting {
        key: "flushCommitLogLeastPages",
        kind: int(0),
        defaults: &[("4.9", "4")],
        unit: "pages of 4 KiB",
        effect: "Less than this is not flushed until flushCommitLogThoroughInterval is over.",
        source: "MessageStoreConfig.flushCommitLogLeastPages; CommitLog.FlushRealTimeService, MappedFile.isAbleToFlush",
        ..BROKER
    },
    Setting {
        key: "flushCommitLogThoroughInterval",
        kind: int(0),
        defaults: &[("4.9", "10000")],
        unit: "ms",
        effect: "After so long everything is flushed, however little it is.",
        source: "MessageStoreConfig.flushCommitLogThoroughInterval; CommitLog.FlushRealTimeService",
        ..BROKER
    },
    Setting {
        key: "flushCommitLogTimed",
        kind: ValueKind::Bool,
        defaults: &[("4.9", "false"), ("4.9.1", "true")],
        effect: "true: the flusher sleeps its whole interval; false: a message may wake it.",
        source: "MessageStoreConfig.flushCommitLogTimed; CommitLog.FlushRealTimeService",
        ..BROKER
    },
    Setting {
        key: "wakeFlushWhenPutMessage",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "false")],
        effect: "With flushCommitLogTimed=false each message wakes the flusher. Before 5.0 it always does.",
        source: "MessageStoreConfig.wakeFlushWhenPutMessage; CommitLog.DefaultFlushManager.handleDiskFlush",
        ..BROKER
    },
    Setting {
        key: "syncFlushTimeout",
        kind: int(0),
        defaults: &[("4.9", "5000")],
        unit: "ms",
        effect: "SYNC_FLUSH waits so long for the disk, then answers FLUSH_DISK_TIMEOUT; the message stays stored.",
        source: "MessageStoreConfig.syncFlushTimeout; CommitLog.GroupCommitRequest",
        ..BROKER
    },
    Setting {
        key: "transientStorePoolEnable",
        kind: ValueKind::Bool,
        defaults: &[("4.9", "false")],
        effect: "Messages are appended to memory of the process and committed to the file later: a kill loses them too.",
        source: "MessageStoreConfig.transientStorePoolEnable; TransientStorePool, DefaultMessageStore.isTransientStorePoolEnable",
        ..BROKER
    },
    Setting {
        key: "commitIntervalCommitLog",
        kind: int(1),
        defaults: &[("4.9", "200")],
        unit: "ms",
        effect: "How often the pool is committed.",
        source: "MessageStoreConfig.commitIntervalCommitLog; CommitLog.CommitRealTimeService",
        ..BROKER
    },
    Setting {
        key: "commitCommitLogLeastPages",
        kind: int(0),
        defaults: &[("4.9", "4")],
        unit: "pages of 4 KiB",
        effect: "Less than this is not committed until commitCommitLogThoroughInterval is over.",
        source: "MessageStoreConfig.commitCommitLogLeastPages; CommitLog.CommitRealTimeService",
        ..BROKER
    },
    Setting {
        key: "commitCommitLogThoroughInterval",
        kind: int(0),
        defaults: &[("4.9", "200")],
        unit: "ms",
        effect: "After so long everything in the pool is committed.",
        source: "MessageStoreConfig.commitCommitLogThoroughInterval; CommitLog.CommitRealTimeService",
        ..BROKER
    },
    Setting {
        key: "wakeCommitWhenPutMessage",
        kind: ValueKind::Bool,
        defaults: &[("5.0", "true")],
        effect: "Each message wakes the committer. Before 5.0 it always does.",
        source: "MessageStoreConfig.wakeCommitWhenPutMessage; CommitLog.DefaultFlushManager.handleDiskFlush",
        ..BROKER
    },
    Setting {
        key: "mappedFileSizeCommitLog",
        kind: int(4096),
        defaults: &[("4.9", "1073741824")],
        unit: "bytes",
        effect: "Size of a file of the log: what is deleted together, and where an empty slave begins.",
        source: "MessageStoreConfig.mappedFileSizeCommitLog; MappedFileQueue",
        ..BROKER
    },
    Setting {
        key: "fileReservedTime",
        kind: int(0),
        defaults: &[("4.9", "72")],
        unit: "h",
        effect: "Files older than this are deleted at deleteWhen, whether or not anybody consumed what is in them.",
        source: "MessageStoreConfig.fileReservedTime; DefaultMessageStore.CleanCommitLogService",
        ..BROKER
    },
    Setting {
        key: "deleteWhen",
        kind: ValueKind::Text,
        defaults: &[("4.9", "04")],
        unit: "hours of the day",
        effect: "Hours, 00 to 23 with ; between them, in which expired files are deleted.",
        source: "MessageStoreConfig.deleteWhen; UtilAll.isItTimeToDo",
        ..BROKER
    },
    Setting {
        key: "cleanResourceInterval",
        kind: int(1),
        defaults: &[("4.9", "10000")],
        unit: "ms",
        effect: "How often the broker looks for files to delete.",
        source: "MessageStoreConfig.cleanResourceInterval; DefaultMessageStore.addScheduleTask",
        ..BROKER
    },
    Setting {
        key: "readUnCommitted",
        kind: ValueKind::Bool,
        defaults: &[("5.3", "false")],
        effect: "Consumers may read what is not flushed (SYNC_FLUSH) or not confirmed (controller mode) yet.",
        source: "MessageStoreConfig.readUnCommitted; DefaultMessageStore.getReputEndOffset",
        ..BROKER
    },
];
