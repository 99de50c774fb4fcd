//! Keys whose part of Farthing is not built yet: they are read and checked, and it is said that nothing acts on them.

use crate::config::{Capability, Item, Key, Node, Remark, Severity, Source, Table};
use std::collections::BTreeMap;
use std::ops::Range;

/// One note for each part that is missing, at the first of its keys, with all that are written.
pub(super) fn tell(source: &Source, table: &Table, keys: &[Key], remarks: &mut Vec<Remark>) {
    let known: BTreeMap<&str, Capability> = keys.iter().map(|key| (key.path.as_str(), key.capability)).collect();
    let mut waiting: BTreeMap<Capability, Vec<(String, Range<usize>)>> = BTreeMap::new();
    walk(table, "", &mut |path, at| {
        let Some(capability) = known.get(path).filter(|capability| !capability.is_in_force()) else { return };
        let written = waiting.entry(*capability).or_default();
        if written.iter().all(|(known, _)| known != path) {
            written.push((path.to_owned(), at));
        }
    });
    for (capability, written) in waiting {
        let Some((_, at)) = written.first() else { continue };
        let names: Vec<String> = written.iter().map(|(path, _)| format!("`{path}`")).collect();
        let (verb, they) = if names.len() == 1 { ("is", "it waits") } else { ("are", "they wait") };
        remarks.push(Remark {
            severity: Severity::Note,
            file: source.name.clone(),
            at: at.clone(),
            what: format!("{} {verb} not in force in this version", names.join(", ")),
            remedy: format!("read and checked; {they} for {capability}"),
        });
    }
}

/// Every key that is written, with the path its declaration has: lists add nothing to it.
fn walk(table: &Table, path: &str, tell: &mut impl FnMut(&str, Range<usize>)) {
    for entry in &table.entries {
        let stroke = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{stroke}{}", entry.key);
        tell(&path, entry.key_at.clone());
        inside(&entry.item, &path, tell);
    }
}

fn inside(item: &Item, path: &str, tell: &mut impl FnMut(&str, Range<usize>)) {
    match &item.node {
        Node::Table(table) => walk(table, path, tell),
        Node::List(items) => items.iter().for_each(|item| inside(item, path, tell)),
        Node::Text(_) | Node::Number(_) | Node::Boolean(_) | Node::Date(_) => {}
    }
}
