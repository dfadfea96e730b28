//! YAML text to a tree that knows where each of its parts stands.
//!
//! serde_yaml decides what is valid and what each scalar is. The parser of serde-saphyr reads the same text for the
//! positions, and bounds depth and aliases before serde_yaml may expand them.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;
use serde_saphyr::granit_parser::{self, Event, Parser, StructureStyle};
use serde_yaml::Value;

use crate::diagnostics::{Diagnostics, Place};
use crate::node::{Content, Key, Node};

const DEPTH_MAX: usize = 48;
/// Counted with every alias written out.
const NODES_MAX: u64 = 100_000;

/// Reads the one document of a scenario. What is wrong is added to `out`, and then there is no tree.
pub(crate) fn parse(text: &str, whole: Place, out: &mut Diagnostics) -> Option<Node> {
    let mut documents = read(text, whole, false, out)?;
    if documents.is_empty() {
        out.error(whole.within(0, 0), "the file is empty").help("begin with `broker: kafka`");
    }
    documents.pop()
}

/// Reads the documents of a file that others read too; merge keys (`<<`) are carried out. What is wrong is added to
/// `out`, and then there is nothing.
pub(crate) fn parse_documents(text: &str, whole: Place, out: &mut Diagnostics) -> Option<Vec<Node>> {
    let mut documents = read(text, whole, true, out)?;
    documents.iter_mut().for_each(merge);
    Some(documents)
}

fn read(text: &str, whole: Place, foreign: bool, out: &mut Diagnostics) -> Option<Vec<Node>> {
    let skipped = text.len() - text.trim_start_matches('\u{feff}').len();
    let marks = match marks(&text[skipped..], whole, skipped, foreign) {
        Ok(marks) => marks,
        Err(Refused { place, message, help }) => {
            let error = out.error(place, message);
            if let Some(help) = help.filter(|_| !foreign) {
                error.help(help);
            }
            return None;
        }
    };
    let errors = out.error_count();
    marks.iter().for_each(|mark| report_duplicates(mark, out));
    if out.error_count() > errors {
        return None;
    }
    let mut nodes = Vec::new();
    // Where there is nothing at all serde_yaml still finds a document.
    for (document, mark) in serde_yaml::Deserializer::from_str(&text[skipped..]).zip(&marks) {
        match Value::deserialize(document) {
            Ok(value) => nodes.push(join(value, mark, out)),
            Err(error) => {
                let at = error.location().map_or(0, |location| location.index() + skipped);
                out.error(whole.within(at, at), format!("not valid YAML: {error}"));
                return None;
            }
        }
    }
    (out.error_count() == errors).then_some(nodes)
}

/// Puts the entries of what `<<` names beside those that are written, which win.
fn merge(node: &mut Node) {
    match &mut node.content {
        Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) => {}
        Content::List(items) => items.iter_mut().for_each(merge),
        Content::Map(entries) => {
            entries.iter_mut().for_each(|(_, node)| merge(node));
            let (merged, mut own): (Vec<_>, Vec<_>) = entries.drain(..).partition(|(key, _)| key.text == "<<");
            let sources = merged.into_iter().flat_map(|(_, node)| match node.content {
                Content::List(items) => items,
                Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::Map(_) => {
                    vec![node]
                }
            });
            for source in sources {
                let Content::Map(more) = source.content else { continue };
                for (key, node) in more {
                    if !own.iter().any(|(known, _)| known.text == key.text) {
                        own.push((key, node));
                    }
                }
            }
            *entries = own;
        }
    }
}

/// One node of the text, before anything is said about its value.
#[derive(Debug)]
struct Mark {
    place: Place,
    shape: Shape,
    /// Nodes in it, aliases written out.
    nodes: u64,
    depth: usize,
}

#[derive(Debug)]
enum Shape {
    Scalar(String),
    List(Vec<Rc<Mark>>),
    Map(Vec<(Rc<Mark>, Rc<Mark>)>),
    Alias(Rc<Mark>),
}

impl Mark {
    fn new(place: Place, shape: Shape) -> Mark {
        let children: Vec<&Rc<Mark>> = match &shape {
            Shape::Scalar(_) => Vec::new(),
            Shape::List(items) => items.iter().collect(),
            Shape::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            Shape::Alias(target) => vec![target],
        };
        let nodes = 1 + children.iter().fold(0, |sum: u64, child| sum.saturating_add(child.nodes));
        let depth = 1 + children.iter().map(|child| child.depth).max().unwrap_or(0);
        Mark { place, shape, nodes, depth }
    }
}

struct Refused {
    place: Place,
    message: String,
    help: Option<&'static str>,
}

/// A list or map that has begun and not ended.
struct Open {
    place: Place,
    anchor: usize,
    is_flow: bool,
    children: Vec<Rc<Mark>>,
}

fn marks(text: &str, whole: Place, skipped: usize, many: bool) -> Result<Vec<Rc<Mark>>, Refused> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let refuse = |place, message: &str, help| Refused { place, message: message.to_owned(), help };
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: BTreeMap<usize, Rc<Mark>> = BTreeMap::new();
    let mut roots: Vec<Rc<Mark>> = Vec::new();
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| {
            let at = skipped + error.marker().byte_offset().unwrap_or(0);
            refuse(whole.within(at, at), &format!("not valid YAML: {}", error.info()), help_with(&error.to_string()))
        })?;
        let range = span.byte_range().unwrap_or(0..0);
        let place = whole.within(skipped + range.start, skipped + range.end);
        let (mark, anchor) = match event {
            Event::DocumentStart(..) if !roots.is_empty() && !many => {
                return Err(refuse(place, "a second document: a file holds one", None));
            }
            Event::Scalar(text, _, anchor, _) => (Mark::new(place, Shape::Scalar(text.into_owned())), anchor),
            Event::SequenceStart(style, anchor, _) | Event::MappingStart(style, anchor, _) => {
                let is_flow = style == StructureStyle::Flow;
                open.push(Open { place, anchor, is_flow, children: Vec::new() });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(done) => {
                    let anchor = done.anchor;
                    (done.close(event == Event::MappingEnd, place), anchor)
                }
                None => continue,
            },
            Event::Alias(id) => match anchors.get(&id) {
                Some(target) => (Mark::new(place, Shape::Alias(Rc::clone(target))), 0),
                None => return Err(refuse(place, "an alias inside what it stands for", None)),
            },
            _ => continue,
        };
        if mark.nodes > NODES_MAX || mark.depth > DEPTH_MAX {
            let message = format!("this grows to more than {NODES_MAX} nodes, or {DEPTH_MAX} levels");
            return Err(refuse(mark.place, &message, Some("aliases that repeat aliases are refused")));
        }
        let mark = Rc::new(mark);
        if anchor != 0 {
            anchors.insert(anchor, Rc::clone(&mark));
        }
        match open.last_mut() {
            Some(parent) => parent.children.push(mark),
            None => {
                if roots.iter().fold(mark.nodes, |sum, root| sum.saturating_add(root.nodes)) > NODES_MAX {
                    return Err(refuse(mark.place, &format!("more than {NODES_MAX} nodes"), None));
                }
                roots.push(mark);
            }
        }
    }
    Ok(roots)
}

/// What the parser's words mean to somebody who wrote a scenario.
fn help_with(info: &str) -> Option<&'static str> {
    if info.contains("nesting") {
        Some("nothing in a scenario is nested this deeply")
    } else if info.contains("mapping values") {
        Some("quote a text that has `: ` in it, as in `title: \"acks: what is it worth?\"`")
    } else {
        None
    }
}

impl Open {
    fn close(self, is_map: bool, end: Place) -> Mark {
        // A block has no brackets to point at: its first part stands for it.
        let place = match self.children.first() {
            Some(first) if !self.is_flow => first.place,
            Some(_) | None => self.place.within(self.place.start, end.end.max(self.place.start)),
        };
        let mut children = self.children.into_iter();
        let shape = if is_map {
            let mut entries = Vec::new();
            while let (Some(key), Some(value)) = (children.next(), children.next()) {
                entries.push((key, value));
            }
            Shape::Map(entries)
        } else {
            Shape::List(children.collect())
        };
        Mark::new(place, shape)
    }
}

fn report_duplicates(mark: &Mark, out: &mut Diagnostics) {
    match &mark.shape {
        Shape::Scalar(_) | Shape::Alias(_) => {}
        Shape::List(items) => items.iter().for_each(|item| report_duplicates(item, out)),
        Shape::Map(entries) => {
            let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
            for (key, value) in entries {
                if let Shape::Scalar(text) = &key.shape
                    && let Some(first) = seen.insert(text, key.place)
                {
                    out.error(key.place, format!("`{text}` is written twice")).also(first, "first here");
                }
                report_duplicates(value, out);
            }
        }
    }
}

/// The value with the places of the text. Both readers agree on the structure; where they ever did not, the place
/// of the whole stands for its parts.
fn join(value: Value, mark: &Mark, out: &mut Diagnostics) -> Node {
    let place = mark.place;
    let mut shape = &mark.shape;
    while let Shape::Alias(target) = shape {
        shape = &target.shape;
    }
    let written = || match shape {
        Shape::Scalar(text) => Some(text.clone()),
        Shape::List(_) | Shape::Map(_) | Shape::Alias(_) => None,
    };
    let content = match value {
        Value::Null => Content::Null,
        Value::Bool(flag) => Content::Bool(flag),
        Value::Number(number) => Content::Number { text: written().unwrap_or_else(|| number.to_string()), number },
        Value::String(text) => Content::Text(text),
        Value::Sequence(items) => {
            let marks: &[Rc<Mark>] = if let Shape::List(marks) = shape { marks } else { &[] };
            let mark_of = |index: usize| marks.get(index).map_or(mark, |mark| mark);
            Content::List(items.into_iter().enumerate().map(|(index, item)| join(item, mark_of(index), out)).collect())
        }
        Value::Mapping(map) => {
            let marks: &[(Rc<Mark>, Rc<Mark>)] = if let Shape::Map(marks) = shape { marks } else { &[] };
            let mut entries = Vec::new();
            for (index, (key, value)) in map.into_iter().enumerate() {
                let (key_mark, value_mark) = marks.get(index).map_or((mark, mark), |(key, value)| (key, value));
                match join(key, key_mark, out).scalar() {
                    Some(text) => {
                        entries.push((Key { place: key_mark.place, text }, join(value, value_mark, out)));
                    }
                    None => {
                        out.error(key_mark.place, "a key is a single word here, not a list or a map");
                    }
                }
            }
            Content::Map(entries)
        }
        Value::Tagged(tagged) => {
            out.error(place, format!("tags such as `{}` are not used here", tagged.tag));
            Content::Null
        }
    };
    Node { place, content }
}
