//! Docker compose files: services with an image and an environment.

use super::containers::Container;
use super::environment::{self, Variable};
use super::{File, Session};
use crate::diagnostics::Place;
use crate::files::Folder;
use crate::node::{Content, Node};

/// More of one service than this is a mistake.
const COUNT_MAX: u64 = 100;

impl Session<'_> {
    pub(super) fn read_compose(&mut self, file: File<'_>, services: &Node, folder: &Folder) {
        let Some(services) = services.map("`services`", self.out) else { return };
        let mut containers = Vec::new();
        for (name, service) in services {
            let Content::Map(_) = service.content else {
                self.out.error(name.place, format!("the service `{}` is a map of keys and values", name.text));
                continue;
            };
            let mut variables = self.read_env_files(file, service, folder);
            let own = service.get("environment").map_or_else(Vec::new, |node| self.environment(node));
            variables.retain(|earlier: &Variable| own.iter().all(|later| later.name != earlier.name));
            variables.extend(own);
            self.spring_variables.push((file.name.to_owned(), variables.clone()));
            let image = service.get("image").and_then(Node::scalar).unwrap_or_default();
            let place = service.get("image").map_or(name.place, |node| node.place);
            let is_tool = ["command", "entrypoint"].iter().any(|key| service.get(key).is_some());
            let count = self.count(service);
            containers.push(Container { name: name.text.clone(), image, place, variables, count, is_tool });
        }
        self.read_containers(file, containers);
    }

    /// A map, or a list of `NAME=value`.
    fn environment(&mut self, node: &Node) -> Vec<Variable> {
        match &node.content {
            Content::Null => Vec::new(),
            Content::Map(entries) => entries
                .iter()
                .filter_map(|(key, value)| match &value.content {
                    Content::List(_) | Content::Map(_) => {
                        self.out.error(value.place, format!("`{}` is a single value, not {}", key.text, value.what()));
                        None
                    }
                    Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) => {
                        Some(variable(&key.text, value.scalar(), key.place, value.place))
                    }
                })
                .collect(),
            Content::List(items) => items
                .iter()
                .filter_map(|item| {
                    let text = item.word("an item of `environment`", self.out)?;
                    let (name, value) =
                        text.split_once('=').map_or((&*text, None), |(name, value)| (name, Some(value)));
                    Some(variable(name, value.map(str::to_owned), item.place, item.place))
                })
                .collect(),
            Content::Bool(_) | Content::Number { .. } | Content::Text(_) => {
                let what = node.what();
                self.out.error(node.place, format!("`environment` is a map or a list of NAME=value, not {what}"));
                Vec::new()
            }
        }
    }

    /// What the files of `env_file` define; later ones win.
    fn read_env_files(&mut self, file: File<'_>, service: &Node, folder: &Folder) -> Vec<Variable> {
        let Some(node) = service.get("env_file") else { return Vec::new() };
        let items: Vec<&Node> = match &node.content {
            Content::List(items) => items.iter().collect(),
            Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::Map(_) => {
                vec![node]
            }
        };
        let mut all: Vec<Variable> = Vec::new();
        for item in items {
            let path = item.get("path").unwrap_or(item);
            let Some(name) = path.scalar() else { continue };
            let beside = match file.name.rfind(['/', '\\']) {
                Some(at) if !name.starts_with('/') => format!("{}{name}", &file.name[..=at]),
                Some(_) | None => name,
            };
            match folder.read(&beside) {
                Ok(text) => {
                    let whole = self.out.add_source(&beside, &text);
                    let read = environment::parse(&text, whole, self.out);
                    all.retain(|earlier| read.iter().all(|later| later.name != earlier.name));
                    all.extend(read);
                }
                Err(why) => {
                    self.out.warning(Some(path.place), format!("`{beside}` {why}: what it sets is not known"));
                }
            }
        }
        all
    }

    /// `deploy.replicas`, or `scale`.
    fn count(&mut self, service: &Node) -> u32 {
        let replicas = service.get("deploy").and_then(|deploy| deploy.get("replicas")).or(service.get("scale"));
        let Some(node) = replicas else { return 1 };
        match &node.content {
            Content::Number { .. } => node.whole("the number of replicas", 0, COUNT_MAX, self.out).unwrap_or(1) as u32,
            Content::Null | Content::Bool(_) | Content::Text(_) | Content::List(_) | Content::Map(_) => 1,
        }
    }
}

fn variable(name: &str, value: Option<String>, place: Place, value_place: Place) -> Variable {
    Variable { name: name.to_owned(), value, place, value_place }
}
