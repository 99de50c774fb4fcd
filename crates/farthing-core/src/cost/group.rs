//! Costs by product, project, resource, person or label, and by day.

use super::{CostFilter, CostLine, CostThing};
use crate::time::{CivilDate, OutOfRange};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    Product,
    Project,
    Resource,
    Person,
    /// By what this label says.
    Label(String),
}

impl GroupBy {
    /// `product`, `project`, `resource`, `user`, `label:team`.
    pub fn parse(text: &str) -> Option<GroupBy> {
        Some(match text {
            "product" => GroupBy::Product,
            "project" => GroupBy::Project,
            "resource" => GroupBy::Resource,
            "user" => GroupBy::Person,
            other => GroupBy::Label(other.strip_prefix("label:").filter(|key| !key.is_empty())?.to_owned()),
        })
    }

    pub fn name(&self) -> String {
        match self {
            GroupBy::Product => "product".to_owned(),
            GroupBy::Project => "project".to_owned(),
            GroupBy::Resource => "resource".to_owned(),
            GroupBy::Person => "user".to_owned(),
            GroupBy::Label(key) => format!("label:{key}"),
        }
    }
}

/// Everything of one product, project, …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostGroup {
    /// Empty: what belongs to none.
    pub key: String,
    pub list: i64,
    pub net: i64,
    /// In the order of `Costs::days`.
    pub by_day: Vec<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    pub days: Vec<CivilDate>,
    /// The dearest first, those of one price by name.
    pub groups: Vec<CostGroup>,
    pub list: i64,
    pub net: i64,
}

/// What the lines come to from one day to another, which is not included.
pub fn group(
    lines: &[CostLine],
    things: &[CostThing],
    by: &GroupBy,
    filter: &CostFilter,
    (from, to): (CivilDate, CivilDate),
) -> Result<Costs, OutOfRange> {
    let mut days = Vec::new();
    let mut day = from;
    while day < to {
        days.push(day);
        day = day.next_day()?;
    }
    // Each thing's group is found once: a thousand of them have sixty thousand lines.
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let group_of: Vec<Option<usize>> = things
        .iter()
        .map(|thing| {
            let key = match by {
                GroupBy::Product => thing.product.as_str(),
                GroupBy::Project => &thing.project,
                GroupBy::Resource => &thing.resource,
                GroupBy::Person => &thing.person,
                GroupBy::Label(label) => thing.labels.get(label).map_or("", String::as_str),
            };
            let next = names.len();
            filter.fits(thing).then(|| *names.entry(key).or_insert(next))
        })
        .collect();
    // A group without a line in these days is none.
    let mut groups: Vec<Option<CostGroup>> = vec![None; names.len()];
    let mut keys = vec![""; names.len()];
    for (key, place) in &names {
        keys[*place] = key;
    }
    let (mut list, mut net) = (0_i64, 0_i64);
    let mut last: Option<(CivilDate, Option<usize>)> = None;
    for line in lines {
        let place = match last {
            Some((date, place)) if date == line.date => place,
            _ => usize::try_from(from.days_until(line.date)).ok().filter(|place| *place < days.len()),
        };
        last = Some((line.date, place));
        let group = group_of.get(line.thing).copied().flatten();
        let (Some(place), Some(group)) = (place, group) else { continue };
        let Some((line_list, line_net)) = filter.of(line) else { continue };
        let group = groups[group].get_or_insert_with(|| CostGroup {
            key: keys[group].to_owned(),
            list: 0,
            net: 0,
            by_day: vec![0; days.len()],
        });
        group.list = group.list.saturating_add(line_list);
        group.net = group.net.saturating_add(line_net);
        if let Some(cell) = group.by_day.get_mut(place) {
            *cell = cell.saturating_add(line_net);
        }
        list = list.saturating_add(line_list);
        net = net.saturating_add(line_net);
    }
    let mut groups: Vec<CostGroup> = groups.into_iter().flatten().collect();
    groups.sort_by(|a, b| b.net.cmp(&a.net).then_with(|| a.key.cmp(&b.key)));
    Ok(Costs { days, groups, list, net })
}
