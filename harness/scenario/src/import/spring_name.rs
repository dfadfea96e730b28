//! Names of Spring Boot's properties, which may be written in several ways.

use std::collections::BTreeMap;

use ackproof_core::surroundings::Spring;

/// `enableAutoCommit`, `enable_auto_commit` and `enable-auto-commit` are one name.
pub(super) fn relaxed(segment: &str) -> String {
    segment.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn relaxed_path(path: &str) -> Vec<String> {
    path.split('.').map(relaxed).collect()
}

/// `a.b[c.d].e` to its parts; what stands in brackets is taken as it is.
pub(super) fn segments(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut bracketed = false;
    for c in name.chars() {
        match c {
            '[' if !bracketed => {
                bracketed = true;
                if parts.last().is_some_and(|last| !last.is_empty()) {
                    parts.push(String::new());
                }
            }
            ']' if bracketed => bracketed = false,
            '.' if !bracketed => parts.push(String::new()),
            _ => parts.last_mut().expect("there is always one").push(c),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether a path begins with a prefix, written in whatever way.
pub(super) fn strip<'p>(path: &'p [String], prefix: &str) -> Option<&'p [String]> {
    let wanted = relaxed_path(prefix);
    let fits = path.len() >= wanted.len() && path.iter().zip(&wanted).all(|(part, wanted)| relaxed(part) == *wanted);
    fits.then(|| &path[wanted.len()..])
}

pub(super) fn matches_other(path: &[String], other: &str) -> bool {
    let path: Vec<String> = path.iter().map(|part| relaxed(part)).collect();
    match other.strip_suffix('*') {
        Some(start) => {
            let start = relaxed_path(start);
            path.len() >= start.len() && path.iter().zip(&start).all(|(part, start)| part.starts_with(start.as_str()))
        }
        None => path == relaxed_path(other),
    }
}

/// The path that the rest of a variable's name stands for. In a map every underscore is a dot; elsewhere dashes are left
/// out or written as underscores.
pub(super) fn path_of_variable(rest: &str, spring: &Spring) -> Option<Vec<String>> {
    let lower = rest.to_ascii_lowercase();
    for (map, _) in spring.maps {
        let start = format!("{}_", map.replace(['.', '-'], "_"));
        if let Some(key) = lower.strip_prefix(&start) {
            return Some(map.split('.').map(str::to_owned).chain([key.replace('_', ".")]).collect());
        }
    }
    let app = spring.app.map(|app| app.path);
    let paths = spring.keys.iter().map(|key| key.path).chain(app);
    let plain = relaxed(&lower);
    let by_name: BTreeMap<String, &str> = paths.map(|path| (relaxed(path), path)).collect();
    if let Some(path) = by_name.get(&plain) {
        return Some(path.split('.').map(str::to_owned).collect());
    }
    let is_other = |other: &&&str| match other.strip_suffix('*') {
        Some(start) => plain.starts_with(&relaxed(start)),
        None => plain == relaxed(other),
    };
    spring.others.iter().find(is_other).map(|other| other.trim_end_matches('*').split('.').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_name_is_the_same_name() {
        for name in ["enable-auto-commit", "enableAutoCommit", "enable_auto_commit", "ENABLEAUTOCOMMIT"] {
            assert_eq!(relaxed(name), "enableautocommit");
        }
        assert_eq!(segments("producer.properties[max.in.flight].x"), ["producer", "properties", "max.in.flight", "x"]);
        assert_eq!(segments("[a.b]"), ["a.b"]);
        let path = segments("spring.kafka.producer.acks");
        assert_eq!(strip(&path, "spring.kafka"), Some(&path[2..]));
        assert_eq!(strip(&path, "spring.rabbitmq"), None);
        assert!(matches_other(&segments("ssl.trust-store"), "ssl*") && !matches_other(&segments("consumer"), "ssl*"));
    }
}
