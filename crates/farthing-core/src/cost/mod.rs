//! What an account's costs come to, looked at: which of them are asked for, by what they are grouped, and day by day.
//!
//! Decides nothing about money: amounts are those of charges and of what is open, and every grouping of the same costs has the same sum.

mod filter;
mod forecast;
mod group;

pub use filter::{CostFilter, PaidFrom};
pub use forecast::{Paces, forecast};
pub use group::{CostGroup, Costs, GroupBy, group};

use crate::config::Name;
use crate::time::CivilDate;
use std::collections::BTreeMap;

/// What something cost on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostLine {
    pub date: CivilDate,
    /// What it is of: its place among the things that are handed over beside the lines.
    pub thing: usize,
    /// Without discounts.
    pub list: i64,
    pub net: i64,
    /// What paid it; read where a filter asks for it. What is still open is paid by nothing yet.
    pub paid: Vec<(PaidFrom, i64)>,
}

/// What costs are of, as far as anybody asks: a thing and a product, many lines of one. Empty texts: it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostThing {
    pub product: Name,
    /// The resource; empty: an account's own use of the product.
    pub resource: String,
    pub project: String,
    pub person: String,
    pub state: String,
    /// How its product is charged: `running`, `usage`, …
    pub kind: String,
    pub labels: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::CivilDate;

    fn day(day: u8) -> CivilDate {
        CivilDate::try_new(2026, 11, day).unwrap()
    }

    fn things() -> Vec<CostThing> {
        let thing = |resource: &str, project: &str, person: &str, kind: &str, team: Option<&str>| CostThing {
            product: Name::parse(if kind == "usage" { "tokens" } else { "vm" }).unwrap(),
            resource: resource.into(),
            project: project.into(),
            person: person.into(),
            state: "running".into(),
            kind: kind.into(),
            labels: team.map(|team| ("team".to_owned(), team.to_owned())).into_iter().collect(),
        };
        vec![
            thing("vm-1", "web", "mei", "running", Some("blue")),
            thing("vm-2", "web", "tom", "running", Some("red")),
            thing("", "", "", "usage", None),
        ]
    }

    fn lines() -> Vec<CostLine> {
        let line = |date: u8, thing: usize, net: i64, paid: &[(PaidFrom, i64)]| CostLine {
            date: day(date),
            thing,
            list: net.saturating_add(10),
            net,
            paid: paid.to_vec(),
        };
        vec![
            line(1, 0, 100, &[(PaidFrom::Credit, 60), (PaidFrom::Cash, 40)]),
            line(1, 1, 200, &[(PaidFrom::Cash, 200)]),
            line(2, 0, 300, &[(PaidFrom::Cash, 300)]),
            line(3, 2, 50, &[(PaidFrom::NextBill, 50)]),
            line(3, 0, -20, &[(PaidFrom::Cash, -20)]),
        ]
    }

    fn asked(by: &GroupBy, filter: &CostFilter) -> Costs {
        group(&lines(), &things(), by, filter, (day(1), day(4))).unwrap()
    }

    #[test]
    fn every_grouping_has_the_same_sum() {
        for by in
            [GroupBy::Product, GroupBy::Project, GroupBy::Resource, GroupBy::Person, GroupBy::Label("team".to_owned())]
        {
            let costs = asked(&by, &CostFilter::default());
            assert_eq!(costs.net, 630, "{by:?}");
            assert_eq!(costs.groups.iter().map(|group| group.net).sum::<i64>(), 630, "{by:?}");
            assert_eq!(costs.groups.iter().flat_map(|group| &group.by_day).sum::<i64>(), 630, "{by:?}");
            assert!(costs.groups.iter().all(|group| group.by_day.len() == 3));
        }
    }

    #[test]
    fn groups_are_the_dearest_first_and_what_has_no_name_has_none() {
        let costs = asked(&GroupBy::Person, &CostFilter::default());
        let told: Vec<(&str, i64)> = costs.groups.iter().map(|group| (group.key.as_str(), group.net)).collect();
        assert_eq!(told, [("mei", 380), ("tom", 200), ("", 50)]);
        assert_eq!(costs.groups[0].by_day, [100, 300, -20]);
    }

    #[test]
    fn filters_narrow_and_a_source_counts_only_what_it_paid() {
        let check = |filter: CostFilter, net: i64| assert_eq!(asked(&GroupBy::Product, &filter).net, net, "{filter:?}");
        check(CostFilter { person: Some("tom".into()), ..CostFilter::default() }, 200);
        check(CostFilter { kind: Some("usage".into()), ..CostFilter::default() }, 50);
        check(CostFilter { resource: Some("vm-1".into()), ..CostFilter::default() }, 380);
        check(CostFilter { paid: Some(PaidFrom::Credit), ..CostFilter::default() }, 60);
        check(CostFilter { paid: Some(PaidFrom::NextBill), ..CostFilter::default() }, 50);
        check(CostFilter { label: Some(("team".into(), "blue".into())), ..CostFilter::default() }, 380);
        check(CostFilter { product: Some("none-such".into()), ..CostFilter::default() }, 0);
        check(CostFilter { projects: Some(vec!["web".into()]), ..CostFilter::default() }, 580);
        check(CostFilter { projects: Some(Vec::new()), ..CostFilter::default() }, 0);
    }

    #[test]
    fn what_lies_outside_the_days_is_not_counted() {
        let costs = group(&lines(), &things(), &GroupBy::Product, &CostFilter::default(), (day(2), day(3))).unwrap();
        assert_eq!((costs.net, costs.days.clone()), (300, vec![day(2)]));
    }

    #[test]
    fn a_month_is_foretold_by_what_runs_and_by_what_was_counted_lately() {
        // 10 an hour for two days, and 24 a day of use on top.
        let paces = Paces { per_hour: 10, counted: 168, counted_days: 7, so_far: 1_000 };
        assert_eq!(forecast(&paces, 2 * 86_400), 1_000 + 480 + 48);
        assert_eq!(forecast(&paces, 0), 1_000);
        assert_eq!(forecast(&Paces { counted_days: 0, ..paces }, 3_600), 1_010);
    }
}
