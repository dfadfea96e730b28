//! The `matrix` section: axes, and the rows they make.

use std::collections::{BTreeMap, BTreeSet};

use crate::axis::{Choice, Target};
use crate::catalogue::Catalogue;
use crate::diagnostics::{Diagnostics, Place, nearest};
use crate::node::{Content, Fields, Key, Node};

pub(crate) const ROWS_MAX: usize = 10_000;

pub(crate) struct Axis {
    pub target: Target,
    pub name: String,
    pub values: Vec<Choice>,
}

/// One choice for each axis, in the order of the axes.
#[derive(Clone)]
pub(crate) struct Combination(pub Vec<Choice>);

#[derive(Default)]
pub(crate) struct Matrix {
    pub axes: Vec<Axis>,
    pub rows: Vec<Combination>,
}

impl Matrix {
    /// The one row of a scenario without a matrix.
    pub fn single() -> Matrix {
        Matrix { axes: Vec::new(), rows: vec![Combination(Vec::new())] }
    }
}

/// Reads `matrix`; `None` when it cannot be made into rows.
pub(crate) fn read(node: &Node, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<Matrix> {
    let errors = out.error_count();
    let mut fields = Fields::of(node, "`matrix`", out)?;
    let exclude = fields.take("exclude");
    let include = fields.take("include");
    let mut axes: Vec<Axis> = Vec::new();
    for (key, node) in fields.rest() {
        if let Some(axis) = read_axis(key, node, catalogue, out) {
            if axes.iter().any(|other| other.name == axis.name) {
                out.error(key.place, format!("`{}` is the same axis as one above", key.text));
            }
            axes.push(axis);
        }
    }
    if out.error_count() > errors {
        return None;
    }
    let mut rows = if axes.is_empty() { Vec::new() } else { product(&axes, node.place, out)? };
    if let Some(exclude) = exclude {
        drop_excluded(exclude, &axes, catalogue, &mut rows, out);
    }
    if let Some(include) = include {
        add_included(include, &mut axes, catalogue, &mut rows, out);
    }
    if out.error_count() == errors && rows.is_empty() {
        out.error(node.place, "no row is left").help("write at least one axis, such as `acks: [1, all]`");
    }
    if rows.len() > ROWS_MAX {
        out.error(node.place, format!("{} rows: at most {ROWS_MAX} are possible", rows.len()));
    }
    (out.error_count() == errors).then_some(Matrix { axes, rows })
}

fn read_axis(key: &Key, node: &Node, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<Axis> {
    let target = Target::acting(&key.text, key.place, catalogue, out);
    let items = node.list(&format!("the axis `{}`", key.text), out)?;
    if items.is_empty() {
        out.error(node.place, format!("the axis `{}` has no values", key.text));
        return None;
    }
    let target = target?;
    let mut values = Vec::new();
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    for item in items {
        let Some(choice) = target.read(item, catalogue, out) else { continue };
        if let Some(first) = seen.insert(choice.text.clone(), item.place) {
            out.error(item.place, format!("`{}` is listed twice", choice.text)).also(first, "first here");
        }
        values.push(choice);
    }
    Some(Axis { target, name: target.name(), values })
}

fn product(axes: &[Axis], place: Place, out: &mut Diagnostics) -> Option<Vec<Combination>> {
    let count = axes.iter().try_fold(1usize, |count, axis| count.checked_mul(axis.values.len()));
    if count.is_none_or(|count| count > ROWS_MAX) {
        let sizes: Vec<String> = axes.iter().map(|axis| axis.values.len().to_string()).collect();
        out.error(place, format!("{} rows: at most {ROWS_MAX} are possible", sizes.join(" x ")));
        return None;
    }
    let mut rows = vec![Combination(Vec::new())];
    for axis in axes {
        rows = rows
            .into_iter()
            .flat_map(|row| {
                axis.values.iter().map(move |choice| {
                    let mut row = row.clone();
                    row.0.push(choice.clone());
                    row
                })
            })
            .collect();
    }
    Some(rows)
}

/// Which axis a word in `exclude` or `include` means.
fn axis_named(key: &Key, axes: &[Axis], out: &mut Diagnostics) -> Option<usize> {
    let found: Vec<usize> =
        axes.iter().enumerate().filter(|(_, axis)| axis.target.answers_to(&key.text)).map(|(index, _)| index).collect();
    match found[..] {
        [only] => Some(only),
        [] => {
            let error = out.error(key.place, format!("the matrix has no axis `{}`", key.text));
            match nearest(&key.text, axes.iter().map(|axis| axis.name.as_str())) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => {
                    let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
                    error.help(format!("axes: {}", names.join(", ")))
                }
            };
            None
        }
        _ => {
            let names: Vec<&str> = found.iter().map(|index| axes[*index].name.as_str()).collect();
            out.error(key.place, format!("`{}` could be {}", key.text, names.join(" or ")));
            None
        }
    }
}

/// Reports a value that an axis does not have.
pub(crate) fn report_no_value(axis: &str, choice: &Choice, known: &[String], out: &mut Diagnostics) {
    out.error(choice.node.place, format!("the axis {axis} has no value `{}`", choice.text))
        .suggest(&choice.text, known.iter().map(String::as_str));
}

fn drop_excluded(
    exclude: &Node,
    axes: &[Axis],
    catalogue: Catalogue<'_>,
    rows: &mut Vec<Combination>,
    out: &mut Diagnostics,
) {
    for item in exclude.list("`exclude`", out).unwrap_or_default() {
        let Some(entries) = item.map("an item of `exclude`", out) else { continue };
        if entries.is_empty() {
            out.error(item.place, "an empty pattern would exclude every row");
            continue;
        }
        let errors = out.error_count();
        let mut pattern: Vec<(usize, Vec<String>)> = Vec::new();
        for (key, node) in entries {
            let Some(index) = axis_named(key, axes, out) else { continue };
            let Some(choices) = axes[index].target.read_any(node, catalogue, out) else { continue };
            let known: Vec<String> = axes[index].values.iter().map(|choice| choice.text.clone()).collect();
            for choice in choices.iter().filter(|choice| !known.contains(&choice.text)) {
                report_no_value(&axes[index].name, choice, &known, out);
            }
            pattern.push((index, choices.into_iter().map(|choice| choice.text).collect()));
        }
        if out.error_count() > errors {
            continue;
        }
        let before = rows.len();
        rows.retain(|row| !pattern.iter().all(|(index, texts)| texts.contains(&row.0[*index].text)));
        if rows.len() == before {
            out.error(item.place, "this `exclude` matches no row");
        }
    }
}

fn add_included(
    include: &Node,
    axes: &mut Vec<Axis>,
    catalogue: Catalogue<'_>,
    rows: &mut Vec<Combination>,
    out: &mut Diagnostics,
) {
    let Some(items) = include.list("`include`", out) else { return };
    if axes.is_empty() {
        axes.extend(axes_of_first(items, catalogue, out));
    }
    let texts = |row: &Combination| row.0.iter().map(|choice| choice.text.clone()).collect::<Vec<_>>();
    let mut seen: BTreeSet<Vec<String>> = rows.iter().map(texts).collect();
    for item in items {
        let errors = out.error_count();
        let Some(entries) = item.map("an item of `include`", out) else { continue };
        let mut choices: Vec<Option<Choice>> = vec![None; axes.len()];
        for (key, node) in entries {
            let Some(index) = axis_named(key, axes, out) else { continue };
            choices[index] = axes[index].target.read(node, catalogue, out);
        }
        if out.error_count() > errors {
            continue;
        }
        let missing: Vec<&str> = axes
            .iter()
            .zip(&choices)
            .filter(|(_, choice)| choice.is_none())
            .map(|(axis, _)| axis.name.as_str())
            .collect();
        if !missing.is_empty() {
            out.error(item.place, format!("an included row is complete: {} is missing", missing.join(", ")));
            continue;
        }
        let row = Combination(choices.into_iter().flatten().collect());
        if !seen.insert(texts(&row)) {
            out.error(item.place, "this row is in the matrix already");
            continue;
        }
        for (axis, choice) in axes.iter_mut().zip(&row.0) {
            if !axis.values.iter().any(|known| known.text == choice.text) {
                axis.values.push(choice.clone());
            }
        }
        rows.push(row);
    }
}

/// Without axes of their own, included rows say what varies.
fn axes_of_first(items: &[Node], catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Vec<Axis> {
    let Some(Node { content: Content::Map(entries), .. }) = items.first() else { return Vec::new() };
    let mut axes = Vec::new();
    for (key, _) in entries {
        if let Some(target) = Target::acting(&key.text, key.place, catalogue, out) {
            axes.push(Axis { target, name: target.name(), values: Vec::new() });
        }
    }
    axes
}
