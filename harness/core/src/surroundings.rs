//! The files around a broker, and how they name its settings: variables of container images, properties of frameworks.
//!
//! Data of a model, for whoever reads a user's files. Where a name can mean two things both are given: nothing here guesses.

use std::collections::BTreeMap;

/// Everything that one broker's model knows of such files.
#[derive(Debug)]
pub struct Surroundings {
    /// Words in the name of a file that speak of a section beside the section's own: `server.properties` is about the
    /// `broker`.
    pub file_words: &'static [(&'static str, &'static str)],
    /// Section that a container's variables set.
    pub section: &'static str,
    /// Container images whose naming is known.
    pub images: &'static [Image],
    /// Beginnings of variables that may be a broker's settings, whatever the image.
    pub prefixes: &'static [&'static str],
    /// Settings by which a container is known to run a broker; when there is none of them, it is a tool.
    pub marks: &'static [&'static str],
    /// Setting and value of a container that is part of the cluster and no broker.
    pub not_a_broker: Option<(&'static str, &'static str)>,
    /// Setting that says in which rack a container stands.
    pub rack: Option<&'static str>,
    /// Spring Boot's names.
    pub spring: Option<&'static Spring>,
    /// How files say which of several brokers each is for.
    pub fleet: Option<&'static Fleet>,
    /// Sections that a file about another one may carry as well.
    pub guests: &'static [Guest],
    /// Keys that list addresses with `;` between them, and the key of a scenario that says how many there are: section,
    /// key, `cluster.nameservers`.
    pub addresses: &'static [(&'static str, &'static str, &'static str)],
}

/// A section whose keys stand in files about another one, because one process is both.
#[derive(Debug)]
pub struct Guest {
    pub host: &'static str,
    pub guest: &'static str,
    /// Key and value by which it is there; then a key that both have counts for both.
    pub mark: (&'static str, &'static str),
}

/// A cluster told by files, one for each broker.
#[derive(Debug)]
pub struct Fleet {
    /// Section that such files are about.
    pub section: &'static str,
    /// Section of what slaves have otherwise.
    pub of_slaves: &'static str,
    /// Keys that say who a broker is: those that tell brokers apart are never compared.
    pub own: &'static [&'static str],
    /// Key that says what a broker is in its group, a setting of masters alone.
    pub role: &'static str,
    /// What a file's keys and values say.
    pub standing: fn(&BTreeMap<&str, &str>) -> Result<Standing, Misfit>,
    /// What becomes of a number or a truth value that blanks follow, in words; empty where they do no harm.
    pub padding: &'static str,
    pub source: &'static str,
}

/// Who a broker is, by its own file.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Standing {
    pub group: String,
    /// Within its group; `None` where files do not say.
    pub id: Option<String>,
    /// Word for `cluster.mode`.
    pub mode: &'static str,
    pub seat: Seat,
    /// Brokers of its group, where the file names them all.
    pub members: Option<u8>,
}

/// What a broker is in its group.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Seat {
    Master,
    Slave,
    /// It is elected while the cluster runs.
    Any,
}

/// Why a file fits no broker: the key to point at, and what the broker itself would say.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Misfit {
    pub key: &'static str,
    pub message: String,
}

impl Surroundings {
    /// Of a broker about whose surroundings nothing is known: only its own files can be read.
    pub const NONE: Surroundings = Surroundings {
        file_words: &[],
        section: "",
        images: &[],
        prefixes: &[],
        marks: &[],
        not_a_broker: None,
        rack: None,
        spring: None,
        fleet: None,
        guests: &[],
        addresses: &[],
    };

    /// The image of this name, `registry.example.net/confluentinc/cp-kafka:7.6.1`, and its tag, which may be empty.
    pub fn image<'n>(&self, name: &'n str) -> Option<(&'static Image, &'n str)> {
        let (repository, tag) = split_image(name);
        let is_it = |known: &&&str| repository == **known || repository.ends_with(&format!("/{known}"));
        self.images.iter().find(|image| image.repositories.iter().any(|known| is_it(&known))).map(|image| (image, tag))
    }
}

/// Repository and tag: the colon of a registry's port is none of a tag's, and a digest is no tag.
fn split_image(name: &str) -> (&str, &str) {
    let name = name.split('@').next().unwrap_or(name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        Some(_) | None => (name, ""),
    }
}

/// A container image, or several that name settings in the same way.
#[derive(Debug)]
pub struct Image {
    /// `confluentinc/cp-kafka`, without registry and tag; the first stands for all.
    pub repositories: &'static [&'static str],
    /// What a variable begins with that is a setting.
    pub prefix: &'static str,
    /// Keys that the rest of a variable's name may stand for under a tag; several where that cannot be known.
    pub keys: fn(rest: &str, tag: &str) -> Vec<String>,
    /// The broker's version under a tag, if the tag tells.
    pub version: fn(tag: &str) -> Option<String>,
    /// Variables with the prefix that are for the image's own scripts; one that ends in `*` stands for all that begin so.
    pub scripts: &'static [&'static str],
    /// Whether it runs a broker although no variable says so.
    pub runs_by_itself: bool,
    /// How a name becomes a key, in words.
    pub rule: &'static str,
    /// What else somebody should know of a variable's name under a tag.
    pub remark: fn(variable: &str, tag: &str) -> Option<&'static str>,
    /// What the image itself sets where nobody does, in words; empty for nothing.
    pub base: &'static str,
    pub source: &'static str,
}

/// Spring Boot's properties for a broker.
#[derive(Debug)]
pub struct Spring {
    /// `spring.kafka`.
    pub prefix: &'static str,
    /// Maps of the broker's own keys: the path below the prefix, and the sections that they reach.
    pub maps: &'static [(&'static str, &'static [&'static str])],
    pub keys: &'static [SpringKey],
    /// Paths that are Spring's and say nothing about a setting; one that ends in `*` stands for all that begin so.
    pub others: &'static [&'static str],
    /// What Spring sets where nobody does: section, key, value, and why.
    pub given: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// What a property says about the application, beginning with those that hold unless something is written.
    pub app: Option<&'static SpringApp>,
    pub source: &'static str,
}

/// One property of Spring's that is a setting of the broker's.
#[derive(Debug)]
pub struct SpringKey {
    /// Below the prefix, `producer.batch-size`.
    pub path: &'static str,
    pub section: &'static str,
    pub key: &'static str,
    pub form: Form,
}

/// How a framework writes a value.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Form {
    /// As the broker does.
    Plain,
    /// `500ms`, `5s`, `PT5S`; a bare number is milliseconds.
    Millis,
    /// `16KB`; a bare number is bytes.
    Bytes,
    /// `READ_COMMITTED` or `read-committed` for `read_committed`.
    Word,
}

/// A property that says when the application acknowledges.
#[derive(Debug)]
pub struct SpringApp {
    /// Below the prefix, `listener.ack-mode`.
    pub path: &'static str,
    /// Value when nobody writes one.
    pub default: &'static str,
    /// Value of Spring's, key of a scenario, its value there, and in what they differ; an empty value there where only
    /// the application's code tells.
    pub values: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Section, key and value under which the property has no effect.
    pub unless: (&'static str, &'static str, &'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrys_port_and_a_digest_are_no_tag() {
        assert_eq!(split_image("apache/kafka:3.9.0"), ("apache/kafka", "3.9.0"));
        assert_eq!(split_image("localhost:5000/apache/kafka"), ("localhost:5000/apache/kafka", ""));
        assert_eq!(
            split_image("localhost:5000/apache/kafka:4.0.0@sha256:0a"),
            ("localhost:5000/apache/kafka", "4.0.0")
        );
    }
}
