//! Releases of Kafka: the versions that are known, and the bug-fix releases of each.

use std::fmt;

/// A minor release, `4.1`: what decides defaults and most rules.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
}

impl Version {
    pub const fn new(major: u16, minor: u16) -> Version {
        Version { major, minor }
    }

    /// Reads `4.1`, or `4.1.2` as `4.1`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Version> {
        let mut parts = text.split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        let rest_is_numeric = parts.all(|part| part.parse::<u16>().is_ok());
        rest_is_numeric.then_some(Version { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// One release, `4.1.2`: what decides which bugs are there.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct Release {
    pub version: Version,
    pub patch: u16,
}

impl Release {
    pub const fn new(major: u16, minor: u16, patch: u16) -> Release {
        Release { version: Version::new(major, minor), patch }
    }

    /// Reads `4.1.2`, or `4.1` as its last bug-fix release; `None` for anything else.
    pub fn parse(text: &str) -> Option<Release> {
        let version = Version::parse(text)?;
        let patch_of = |text: &str| text.split('.').nth(2)?.parse().ok();
        let last = || releases(&version.to_string()).last().and_then(|last| patch_of(last)).unwrap_or(0);
        Some(Release { version, patch: patch_of(text).unwrap_or_else(last) })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.version, self.patch)
    }
}

/// Versions whose rules are known, oldest first.
pub const VERSIONS: &[&str] =
    &["2.8", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9", "4.0", "4.1", "4.2", "4.3", "4.4"];

/// The releases of a version, oldest first.
///
/// Source: `tests/kafkatest/version.py` and `gradle/dependencies.gradle` on the branch 4.4, which name every release
/// before it.
pub fn releases(version: &str) -> &'static [&'static str] {
    match version {
        "2.8" => &["2.8.0", "2.8.1", "2.8.2"],
        "3.0" => &["3.0.0", "3.0.1", "3.0.2"],
        "3.1" => &["3.1.0", "3.1.1", "3.1.2"],
        "3.2" => &["3.2.0", "3.2.1", "3.2.2", "3.2.3"],
        "3.3" => &["3.3.0", "3.3.1", "3.3.2"],
        "3.4" => &["3.4.0", "3.4.1"],
        "3.5" => &["3.5.0", "3.5.1", "3.5.2"],
        "3.6" => &["3.6.0", "3.6.1", "3.6.2"],
        "3.7" => &["3.7.0", "3.7.1", "3.7.2"],
        "3.8" => &["3.8.0", "3.8.1"],
        "3.9" => &["3.9.0", "3.9.1", "3.9.2"],
        "4.0" => &["4.0.0", "4.0.1"],
        "4.1" => &["4.1.0", "4.1.1", "4.1.2"],
        "4.2" => &["4.2.0", "4.2.1"],
        "4.3" => &["4.3.0", "4.3.1"],
        "4.4" => &["4.4.0"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_for_its_last_bug_fix_release() {
        assert_eq!(Release::parse("3.9"), Some(Release::new(3, 9, 2)));
        assert_eq!(Release::parse("3.9.0"), Some(Release::new(3, 9, 0)));
        for junk in ["", "3", "3.x", "3.9.x", "latest"] {
            assert_eq!(Release::parse(junk), None, "{junk}");
        }
    }

    #[test]
    fn every_version_has_releases_in_order() {
        for version in VERSIONS {
            let parsed: Vec<_> = releases(version).iter().map(|release| Release::parse(release)).collect();
            assert!(!parsed.is_empty() && parsed.is_sorted(), "{version}");
            assert!(
                parsed.iter().all(|release| release.map(|one| one.version) == Version::parse(version)),
                "{version}"
            );
        }
    }
}
