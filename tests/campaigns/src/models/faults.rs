//! What the design calls wrong, and the faults that stand for it in the models.

/// One way not to do it.
pub(super) struct Fault {
    /// The section of the design.
    pub(super) section: u8,
    pub(super) what: &'static str,
    /// Names with hyphens are faults of the library's own code, under loom; the others are faults
    /// of the explorer's models.
    pub(super) names: &'static [&'static str],
}

const fn fault(section: u8, what: &'static str, names: &'static [&'static str]) -> Fault {
    Fault { section, what, names }
}

/// All that sections 5, 6 and 8 name, and what sections 11, 13 and 14 make possible.
pub(super) const FAULTS: &[Fault] = &[
    fault(5, "a limit of K instead of K - 1", &["slots-limit", "LimitOfK"]),
    fault(5, "a look at the version alone", &["SecondLookAtVersion"]),
    fault(5, "no fence of the writer", &["slots-no-writer-fence", "NoWriterFence"]),
    fault(5, "no fence of the reader", &["slots-no-reader-fence", "NoReaderFence"]),
    fault(5, "a relaxed version", &["slots-relaxed-version", "VersionRelaxed"]),
    fault(5, "a version that is not acquired", &["load-not-acquired", "VersionLoadedRelaxed"]),
    fault(5, "begin after the slot", &["slots-late-begin", "BeginAfterSlot"]),
    fault(5, "begin after the catch-up", &["BeginAfterCatchUp"]),
    fault(5, "the dirty word after the data", &["DirtyAfterData"]),
    fault(5, "the dirty word before the catch-up", &["DirtyBeforeCatchUp"]),
    fault(5, "the own word skipped after a kill", &["slots-own-word-skipped", "OwnWordSkipped"]),
    fault(5, "one word less", &["OneWordLess"]),
    fault(5, "a whole update without its word", &["WholeWithoutWord"]),
    fault(5, "a wake-up by a store", &["NotifyByStore", "notify-same-word"]),
    fault(5, "SLEEPERS set on any word", &["notify-any-word", "SleepersByOr", "AnyWord"]),
    fault(6, "ids that are drawn again", &["Redrawn", "RedrawnUnlessFound"]),
    fault(6, "a take-over by time-out", &["StealFromTheLiving"]),
    fault(6, "a question about one's own id", &["OwnIdQueried"]),
    fault(6, "a take-over of another word", &["semaphore-swapped-take-over", "TakeOverBySwap"]),
    fault(6, "a conclusion from a lost exchange", &["LostExchangeIgnored"]),
    fault(
        6,
        "nothing acquired from the dead",
        &["semaphore-no-take-over-fence", "NoAcquireAfterQuery"],
    ),
    fault(6, "a release by a store", &["semaphore-plain-release", "ReleaseByStore"]),
    fault(6, "a release that does not wake", &["semaphore-wakes-none", "ReleaseWithoutWake"]),
    fault(6, "a release that does not release", &["semaphore-relaxed-release", "ReleaseRelaxed"]),
    fault(
        6,
        "an acquisition that does not acquire",
        &["semaphore-relaxed-acquire", "AcquireRelaxed"],
    ),
    fault(6, "WAITERS forgotten after sleep", &["semaphore-forgets-sleepers", "WaitersForgotten"]),
    fault(6, "a sleep without slices", &["SleepWithoutSlices"]),
    fault(6, "a fork that is looked for once only", &["fork checked at the start only"]),
    fault(6, "a token that children inherit", &["token inherited by the child"]),
    fault(8, "redo by a plain store", &["recover-plain-version", "RedoByStore"]),
    fault(8, "a target taken from begin", &["TargetFromBegin"]),
    fault(8, "no target for fields that stay", &["commit-stays-unsaid", "NoTargetReset"]),
    fault(8, "odd before the slots", &["OddBeforeSlots"]),
    fault(8, "odd and relaxed", &["commit-relaxed", "OddRelaxed"]),
    fault(8, "recovery after the update", &["RecoveryAfterUpdate"]),
    fault(
        8,
        "recovery that does not release",
        &["recover-relaxed-version", "recover-relaxed-commit"],
    ),
    fault(8, "semaphores released before even", &["UnlockBeforeEven"]),
    fault(5, "a second look without meeting the publisher", &["notify-meets-none"]),
    fault(5, "no second look", &["notify-looks-once"]),
    fault(11, "a waiter for several that announces itself to one", &["wait-any-announces-one"]),
    fault(11, "a waiting thread that the list does not see", &["list-unannounced"]),
    fault(11, "a wait that is added without a word", &["list-adds-silently"]),
    fault(11, "a waiting thread that ends beside a new wait", &["list-ends-blindly"]),
    fault(5, "a meeting that the publisher does not hear", &["semaphore-deaf-release"]),
    fault(5, "a meeting without order", &["semaphore-relaxed-meeting"]),
    fault(
        11,
        "a kept semaphore whose holder no fence of a waiter reaches",
        &["notify-no-heavy-fence", "notify-no-light-fence", "NoHeavyFence", "Unregistered"],
    ),
    fault(11, "a kept semaphore that waiters take for another", &["writer-unmarked", "Unmarked"]),
    fault(11, "a heavy fence that is taken to miss no holder", &["notify-trusts-heavy-fence"]),
    fault(11, "a heavy fence that comes too late", &["FenceAfterLook"]),
    fault(11, "a look for sleepers that the compiler moves", &["LookBeforeVersion"]),
    fault(11, "a holder that meets waiters nowhere", &["notify-untouched"]),
    fault(11, "a sleep that no wake-up is sure to end", &["notify-sleeps-unsure"]),
    fault(5, "calls counted without order", &["calls-relaxed-count"]),
    fault(5, "calls counted without hearing waiters", &["calls-deaf-count"]),
    fault(5, "a waiter that meets callers without order", &["calls-relaxed-meeting"]),
    fault(5, "a waiter that callers do not hear", &["calls-mute-meeting"]),
    fault(5, "a sum of calls without its fence", &["calls-unordered-sum"]),
    fault(
        13,
        "an entry that its thread takes out without order",
        &["mailbox-relaxed-put", "mailbox-relaxed-take"],
    ),
    fault(
        13,
        "a mailbox that is freed beside another thread",
        &["mailbox-unreleased-settle", "mailbox-unacquired-settle"],
    ),
    fault(
        13,
        "a mailbox that is never freed, or not with all in it",
        &["mailbox-forgets-taken", "mailbox-freed-full", "mailbox-never-freed"],
    ),
    fault(
        14,
        "memory of an update that a later thread takes without order",
        &["lease-relaxed-start"],
    ),
    fault(
        14,
        "an update whose memory is freed beside its field",
        &["lease-unreleased-end", "lease-unacquired-end"],
    ),
    fault(
        14,
        "a field whose updates' memory is freed beside them",
        &["lease-unreleased-lender", "lease-unacquired-lender"],
    ),
    fault(14, "memory of an update that is never freed", &["lease-never-freed"]),
    fault(
        8,
        "a snapshot without the commit word",
        &["snapshot-commit-unconfirmed", "SnapshotIgnoresCommit"],
    ),
    fault(
        8,
        "a snapshot that looks once",
        &["snapshot-looks-once", "SnapshotWithoutRecheck", "SnapshotOddUnconfirmed"],
    ),
    fault(
        8,
        "a snapshot with an acquire fence",
        &["snapshot-acquire-fence", "SnapshotFenceAcquire"],
    ),
    fault(
        8,
        "a snapshot of a holder that does not wait for its own publication",
        &["snapshot-forgets-own"],
    ),
    fault(8, "a read without the commit word", &["read-ignores-commit", "ReadIgnoresCommit"]),
    fault(8, "a read with one look at the version", &["read-version-once", "ReadVersionOnce"]),
    fault(8, "a read that does not confirm", &["read-unconfirmed", "ReadUnconfirmed"]),
];
