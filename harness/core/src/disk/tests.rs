use super::*;
use crate::seed::Seed;

const LOG: FileId = FileId(0);

fn disk() -> Disk<u32, u32> {
    Disk::new(Some(Span::secs(30)), Span::ZERO)
}
fn written(disk: &mut Disk<u32, u32>, count: u32) {
    for n in 0..count {
        disk.append(LOG, n).unwrap();
    }
}
fn cut_lengths(disk: &Disk<u32, u32>) -> std::collections::BTreeSet<u64> {
    (0..200).map(|seed| disk.clone().lose_power(&mut Seed(seed).stream("cut"))[0].kept).collect()
}

#[test]
fn a_power_loss_keeps_a_prefix_between_the_synced_and_the_written_and_reaches_both_ends() {
    let mut disk = disk();
    written(&mut disk, 4);
    disk.begin_sync(SyncTarget::File(LOG), Time(5)).unwrap();
    disk.settle(Time(5));
    written(&mut disk, 4);
    assert_eq!(cut_lengths(&disk), (4..=8).collect());
}

#[test]
fn a_sync_under_way_protects_nothing_and_covers_only_what_was_written_before_it() {
    let mut disk = disk();
    written(&mut disk, 2);
    disk.begin_sync(SyncTarget::File(LOG), Time(5)).unwrap();
    disk.settle(Time(4));
    written(&mut disk, 2);
    assert_eq!(disk.durable(LOG), 0);
    disk.settle(Time(5));
    assert_eq!(disk.durable(LOG), 2);
}

#[test]
fn a_sync_does_not_cover_what_replaced_a_truncated_record() {
    let mut disk = disk();
    written(&mut disk, 4);
    disk.begin_sync(SyncTarget::File(LOG), Time(5)).unwrap();
    disk.truncate(LOG, 1);
    written(&mut disk, 3);
    disk.settle(Time(5));
    assert_eq!(disk.durable(LOG), 1);
}

#[test]
fn the_kernel_writes_back_pages_that_have_been_dirty_for_thirty_seconds() {
    let mut disk = disk();
    disk.settle(Time(1000));
    written(&mut disk, 2);
    disk.settle(Time(2000));
    written(&mut disk, 2);
    disk.truncate(LOG, 3);
    disk.settle(Time(34_999));
    assert_eq!(disk.durable(LOG), 0);
    disk.settle(Time(35_000));
    assert_eq!(disk.durable(LOG), 3);
}

#[test]
fn write_back_set_to_never_saves_nothing() {
    let mut disk: Disk<u32, u32> = Disk::new(None, Span::ZERO);
    written(&mut disk, 2);
    disk.settle(Time(1_000_000));
    assert_eq!(disk.durable(LOG), 0);
}

#[test]
fn a_lying_sync_reports_success_and_keeps_nothing_and_an_honest_one_after_it_keeps_all() {
    let mut disk = disk();
    disk.set_faults(DiskFaults { lying_sync: true, ..DiskFaults::default() });
    written(&mut disk, 2);
    disk.begin_sync(SyncTarget::File(LOG), Time(5)).unwrap();
    disk.settle(Time(60_000));
    assert_eq!(disk.durable(LOG), 0);
    disk.set_faults(DiskFaults::default());
    disk.begin_sync(SyncTarget::File(LOG), Time(60_001)).unwrap();
    disk.settle(Time(60_001));
    assert_eq!(disk.durable(LOG), 2);
}

#[test]
fn after_a_failed_sync_a_later_success_does_not_save_the_same_pages() {
    let mut disk = disk();
    written(&mut disk, 2);
    disk.set_faults(DiskFaults { failing_sync: true, ..DiskFaults::default() });
    assert_eq!(disk.begin_sync(SyncTarget::File(LOG), Time(5)), Err(DiskError::SyncFailed));
    disk.set_faults(DiskFaults::default());
    disk.begin_sync(SyncTarget::File(LOG), Time(6)).unwrap();
    disk.settle(Time(6));
    assert_eq!(disk.durable(LOG), 0);
    disk.truncate(LOG, 0);
    written(&mut disk, 1);
    disk.begin_sync(SyncTarget::File(LOG), Time(7)).unwrap();
    disk.settle(Time(7));
    assert_eq!(disk.durable(LOG), 1);
}

#[test]
fn a_full_disk_refuses_and_changes_nothing() {
    let mut disk = disk();
    written(&mut disk, 1);
    disk.set_faults(DiskFaults { full: true, ..DiskFaults::default() });
    assert_eq!(disk.append(LOG, 9), Err(DiskError::Full));
    assert_eq!(disk.store(CellId(1), 9), Err(DiskError::Full));
    assert_eq!((disk.len(LOG), disk.load(CellId(1))), (1, None));
}

#[test]
fn a_cell_that_was_not_synced_is_found_old_or_new_after_a_power_loss() {
    let mut disk = disk();
    disk.store(CellId(1), 1).unwrap();
    disk.begin_sync(SyncTarget::Cell(CellId(1)), Time(1)).unwrap();
    disk.settle(Time(1));
    disk.store(CellId(1), 2).unwrap();
    let found: std::collections::BTreeSet<u32> = (0..50)
        .map(|seed| {
            let mut disk = disk.clone();
            disk.lose_power(&mut Seed(seed).stream("cut"));
            *disk.load(CellId(1)).unwrap()
        })
        .collect();
    assert_eq!(found, [1, 2].into());
}

#[test]
fn a_file_that_lost_its_front_keeps_its_positions() {
    let mut disk = disk();
    written(&mut disk, 6);
    disk.drop_front(LOG, 4);
    assert_eq!((disk.start(LOG), disk.len(LOG), disk.durable(LOG)), (4, 6, 4));
    assert_eq!(
        (disk.get(LOG, 3), disk.get(LOG, 4), disk.tail(LOG, 0), disk.tail(LOG, 5)),
        (None, Some(&4), &[4, 5][..], &[5][..])
    );
    assert_eq!(disk.append(LOG, 9), Ok(6));
    disk.truncate(LOG, 5);
    assert_eq!((disk.tail(LOG, 0), disk.len(LOG)), (&[4][..], 5));
    disk.truncate(LOG, 0);
    assert_eq!((disk.len(LOG), disk.append(LOG, 7)), (4, Ok(4)));
}

#[test]
fn a_power_loss_takes_from_the_end_of_a_file_that_lost_its_front_and_never_brings_the_front_back() {
    let mut disk = disk();
    written(&mut disk, 4);
    disk.begin_sync(SyncTarget::File(LOG), Time(5)).unwrap();
    disk.settle(Time(5));
    written(&mut disk, 4);
    disk.drop_front(LOG, 2);
    assert_eq!(cut_lengths(&disk), (4..=8).collect());
    disk.drop_front(LOG, 6);
    assert_eq!(cut_lengths(&disk), (6..=8).collect());
    disk.lose_power(&mut Seed(1).stream("cut"));
    assert_eq!(disk.start(LOG), 6);
}

#[test]
fn a_file_that_begins_again_elsewhere_has_nothing_of_what_it_had_nor_of_a_sync_under_way() {
    let mut disk = disk();
    written(&mut disk, 4);
    disk.begin_sync(SyncTarget::File(LOG), Time(5)).unwrap();
    disk.restart(LOG, 2);
    assert_eq!((disk.start(LOG), disk.len(LOG), disk.tail(LOG, 0)), (2, 2, &[][..]));
    written(&mut disk, 2);
    disk.settle(Time(5));
    assert_eq!((disk.len(LOG), disk.durable(LOG)), (4, 2));
}

#[test]
fn a_sync_below_a_position_leaves_the_rest_in_the_page_cache() {
    let mut disk = disk();
    written(&mut disk, 4);
    disk.begin_sync(SyncTarget::Below(LOG, 3), Time(5)).unwrap();
    disk.settle(Time(5));
    assert_eq!(disk.durable(LOG), 3);
}
