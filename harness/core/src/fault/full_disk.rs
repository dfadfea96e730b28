//! `full_disk`: writes fail with no space left on device.

on_nodes!(
    FullDisk,
    "full_disk",
    ends_with_start: false,
    "writes fail with no space left on device",
    "{ full_disk: leader, for: 20s }",
    |facts| facts.disk.full = true
);
