//! Which costs are asked for, as an address says it: so a link carries the whole state of the page, and a chip takes one part away.

use super::ask::Ask;
use crate::block::Link;
use crate::frame::PageError;
use farthing_core::cost::{CostFilter, GroupBy, PaidFrom};
use farthing_core::time::CivilDate;
use std::collections::BTreeMap;

/// What chooses among costs, by the names in the address.
pub(super) const FILTERS: [&str; 7] = ["product", "project", "resource", "user", "state", "type", "paid"];

/// What the page is asked: days, groups, filters.
pub(super) struct Asked {
    pub(super) from: CivilDate,
    /// Not included.
    pub(super) to: CivilDate,
    pub(super) by: GroupBy,
    pub(super) filter: CostFilter,
    /// What chooses, by its name and value, as the address has it.
    pub(super) chosen: BTreeMap<String, String>,
    /// `month`, `last`, `week`, `days`, `year` or none of them.
    pub(super) period: String,
    /// `created`, `part`, or all of them (R65).
    pub(super) projects: String,
    pub(super) sort: String,
}

impl Asked {
    pub(super) fn of(ask: &Ask) -> Result<Asked, PageError> {
        let today = ask.zone.civil_date_of(ask.now)?;
        let month = today.first_of_month();
        let date = |name| ask.asked(name).and_then(|text| CivilDate::parse(text).ok());
        let (period, from, to) = match (ask.asked("period").unwrap_or("month"), date("from"), date("to")) {
            // The form's last day is included.
            (_, Some(from), Some(to)) if from <= to && from.days_until(to) < 366 => ("", from, to.next_day()?),
            ("last", ..) => ("last", month.add_months(-1)?, month),
            ("week", ..) => ("week", today.add_days(-6)?, today.next_day()?),
            ("days", ..) => ("days", today.add_days(-29)?, today.next_day()?),
            ("quarter", ..) => ("quarter", today.add_days(-89)?, today.next_day()?),
            _ => ("month", month, month.add_months(1)?),
        };
        let by = ask.asked("by").and_then(GroupBy::parse).unwrap_or(GroupBy::Product);
        let mut chosen = BTreeMap::new();
        for name in FILTERS {
            chosen.extend(ask.asked(name).map(|value| (name.to_owned(), value.to_owned())));
        }
        let label = ask.query.iter().find_map(|(name, value)| Some((name.strip_prefix("label.")?, value)));
        let label = label.or_else(|| {
            ask.asked("label").and_then(|text| text.split_once('=')).map(|(key, _)| (key, &ask.query["label"]))
        });
        let mut filter = filter_of_seat(ask);
        let told = |name: &str| chosen.get(name).cloned();
        filter.product = told("product");
        filter.project = told("project");
        filter.resource = told("resource");
        filter.person = filter.person.or_else(|| told("user"));
        filter.state = told("state");
        filter.kind = told("type");
        filter.paid = told("paid").as_deref().and_then(PaidFrom::parse);
        if let Some((key, value)) = label {
            let value = value.split_once('=').map_or(value.as_str(), |(_, value)| value);
            chosen.insert(format!("label.{key}"), value.to_owned());
            filter.label = Some((key.to_owned(), value.to_owned()));
        }
        let projects = ask.asked("projects").filter(|word| matches!(*word, "created" | "part")).unwrap_or("");
        let sort = ask.asked("sort").unwrap_or("").to_owned();
        Ok(Asked { from, to, by, filter, chosen, period: period.to_owned(), projects: projects.to_owned(), sort })
    }

    /// The address with a part of it said otherwise; empty: not said.
    pub(super) fn address(&self, ask: &Ask, page: &str, changed: &[(&str, &str)]) -> String {
        let mut parts: BTreeMap<String, String> = self.chosen.clone();
        if self.period.is_empty() {
            parts.insert("from".to_owned(), self.from.to_string());
            parts.insert("to".to_owned(), self.to.add_days(-1).unwrap_or(self.to).to_string());
        } else {
            parts.insert("period".to_owned(), self.period.clone());
        }
        parts.insert("by".to_owned(), self.by.name());
        parts.insert("projects".to_owned(), self.projects.clone());
        parts.insert("sort".to_owned(), self.sort.clone());
        for (name, value) in changed {
            parts.insert((*name).to_owned(), (*value).to_owned());
        }
        // A period that is named needs no dates.
        if parts.get("period").is_some_and(|period| !period.is_empty()) {
            parts.remove("from");
            parts.remove("to");
        }
        let usual = [("period", "month"), ("by", "product")];
        let said =
            parts.iter().filter(|(name, value)| !value.is_empty() && !usual.contains(&(name.as_str(), value.as_str())));
        let said: Vec<String> = said
            .map(|(name, value)| format!("{}={}", crate::frame::segment(name), crate::frame::segment(value)))
            .collect();
        let mark = if said.is_empty() { "" } else { "?" };
        format!("{}{mark}{}", ask.at(page), said.join("&"))
    }

    /// What is chosen, each with the address of the page without it.
    pub(super) fn chips(&self, ask: &Ask) -> Vec<Link> {
        let mut links = Vec::new();
        if self.period.is_empty() {
            let last = self.to.add_days(-1).unwrap_or(self.to);
            let words = ask.with(
                "costs.chip_days",
                &[("from", &ask.language.short_date(self.from)), ("to", &ask.language.short_date(last))],
            );
            links.push(Link::new(self.address(ask, "/costs", &[("period", "month")]), words));
        }
        for (name, value) in &self.chosen {
            let what = match name.strip_prefix("label.") {
                Some(key) => key.to_owned(),
                None => ask.language.word("costs.filter", name),
            };
            let said = match name.as_str() {
                "product" => ask.product(value),
                "state" => ask.language.word("state", value),
                "type" => ask.language.word("kind", value),
                "paid" => ask.language.word("paid", value),
                _ => value.clone(),
            };
            links.push(Link::new(self.address(ask, "/costs", &[(name, "")]), format!("{what}: {said}")));
        }
        links
    }
}

/// What somebody sees who is a member of some projects only: what they used there themselves (R65).
pub(super) fn filter_of_seat(ask: &Ask) -> CostFilter {
    let own = ask.seat.projects.clone();
    let person = own.is_some().then(|| ask.visitor.known_as.clone());
    CostFilter { projects: own, person, ..CostFilter::default() }
}

pub(super) fn resource_address(ask: &Ask, resource: &str) -> String {
    format!("{}?resource={}", ask.at("/costs"), crate::frame::segment(resource))
}
