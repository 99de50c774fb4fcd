//! The cloud's own outages, as it reports them (R83): which reports stand, and what of a thing's time lies in one.
//!
//! Reports never change: a withdrawal is one more of them. So what is known of outages is a number, that of the newest, and what
//! stood as of any number can be said again. A second in an outage costs nothing and ends nothing: what ran goes on after it.

use super::Segment;
use crate::config::Name;
use crate::time::Instant;
use std::collections::BTreeMap;

/// When what of a product was out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    pub product: Name,
    /// Whole seconds, half-open as everywhere.
    pub from: Instant,
    pub to: Instant,
    /// None: every configuration of it.
    pub skus: Vec<Name>,
    /// Only what has all of these: a region, say.
    pub properties: BTreeMap<String, String>,
    /// None: every resource.
    pub resources: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutageReport {
    /// From 1, without gaps.
    pub number: i64,
    /// What the cloud calls it: by this a report told again is known.
    pub name: String,
    pub outage: Outage,
    /// It takes back what an earlier report of this name said.
    pub withdrawn: bool,
    pub recorded: Instant,
}

/// A cloud's reports, in order of number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outages(Vec<OutageReport>);

impl Outage {
    /// Whether it may concern anything of a resource.
    pub fn concerns(&self, product: &Name, resource: &str, properties: &BTreeMap<String, String>) -> bool {
        self.product == *product
            && (self.resources.is_empty() || self.resources.iter().any(|one| one == resource))
            && self.properties.iter().all(|(key, value)| properties.get(key) == Some(value))
    }

    fn concerns_sku(&self, sku: Option<&Name>) -> bool {
        self.skus.is_empty() || sku.is_some_and(|sku| self.skus.contains(sku))
    }
}

impl Outages {
    pub fn new(mut reports: Vec<OutageReport>) -> Outages {
        reports.sort_by_key(|report| report.number);
        Outages(reports)
    }

    /// The newest report's number; 0: there is none.
    pub fn newest(&self) -> i64 {
        self.0.last().map_or(0, |report| report.number)
    }

    /// The report after a number.
    pub fn after(&self, number: i64) -> Option<&OutageReport> {
        self.0.get(self.0.partition_point(|report| report.number <= number))
    }

    /// The number of the newest report that was there at an instant.
    pub fn known_at(&self, at: Instant) -> i64 {
        self.0.iter().filter(|report| report.recorded <= at).map(|report| report.number).max().unwrap_or(0)
    }

    /// What stands of everything that was reported up to a number.
    pub fn standing(&self, number: i64) -> impl Iterator<Item = &OutageReport> {
        let known = self.0.partition_point(|report| report.number <= number);
        let known = &self.0[..known];
        let replaced =
            |report: &OutageReport| known.iter().any(|later| later.number > report.number && later.name == report.name);
        known.iter().filter(move |report| !report.withdrawn && !replaced(report))
    }
}

/// Cuts segments where outages begin and end, and says which lie in one. `of`: the outages that concern a segment's payer.
pub fn void<'o>(segments: Vec<Segment>, mut of: impl FnMut(&Segment) -> Vec<&'o Outage>) -> Vec<Segment> {
    let mut cut = Vec::with_capacity(segments.len());
    for segment in segments {
        let mut windows: Vec<(Instant, Instant)> = of(&segment)
            .into_iter()
            .filter(|outage| outage.concerns_sku(segment.sku.as_ref()))
            .map(|outage| (outage.from.max(segment.from), segment.to.map_or(outage.to, |to| outage.to.min(to))))
            .filter(|(from, to)| from < to)
            .collect();
        windows.sort_unstable();
        let ends_session = segment.ends_session;
        let mut from = segment.from;
        for (begins, ends) in windows {
            let begins = begins.max(from); // of two that overlap, each second is out of order once
            if ends <= begins {
                continue;
            }
            if begins > from {
                cut.push(Segment { from, to: Some(begins), ends_session: false, ..segment.clone() });
            }
            let last = segment.to == Some(ends);
            cut.push(Segment {
                from: begins,
                to: Some(ends),
                void: true,
                ends_session: ends_session && last,
                ..segment.clone()
            });
            from = ends;
        }
        if segment.to != Some(from) {
            cut.push(Segment { from, ..segment });
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::OwnerId;
    use crate::measure::Quantity;
    use crate::timeline::State;

    fn at(seconds: i64) -> Instant {
        Instant::try_from_seconds(1_000 + seconds).unwrap()
    }

    fn outage(from: i64, to: i64) -> Outage {
        Outage {
            product: Name::parse("vm").unwrap(),
            from: at(from),
            to: at(to),
            skus: Vec::new(),
            properties: BTreeMap::new(),
            resources: Vec::new(),
        }
    }

    fn told(windows: &[(i64, i64)], from: i64, to: Option<i64>) -> String {
        let segment = Segment {
            from: at(from),
            to: to.map(at),
            state: State::Running,
            payer: OwnerId(1),
            sku: None,
            size: Quantity::ONE,
            user: None,
            priced_at: at(0),
            session: Some(at(0)),
            ends_session: to.is_some(),
            void: false,
        };
        let outages: Vec<Outage> = windows.iter().map(|(from, to)| outage(*from, *to)).collect();
        let told = void(vec![segment], |_| outages.iter().collect());
        let second = |instant: Instant| instant.seconds_since(at(0)).to_string();
        let one = |segment: &Segment| {
            let (void, ends) = (if segment.void { "!" } else { "" }, if segment.ends_session { "." } else { "" });
            format!("{void}{}-{}{ends}", second(segment.from), segment.to.map_or(String::new(), second))
        };
        told.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_second_of_an_outage_is_void_once() {
        assert_eq!(told(&[], 0, Some(10)), "0-10.");
        assert_eq!(told(&[(3, 5)], 0, Some(10)), "0-3 !3-5 5-10.");
        assert_eq!(told(&[(3, 5)], 0, None), "0-3 !3-5 5-");
        assert_eq!(told(&[(-9, 5), (2, 4)], 0, Some(10)), "!0-5 5-10.");
        assert_eq!(told(&[(4, 7), (2, 5), (7, 20)], 0, Some(10)), "0-2 !2-5 !5-7 !7-10.");
        assert_eq!(told(&[(0, 10)], 0, Some(10)), "!0-10.");
        assert_eq!(told(&[(10, 12)], 0, Some(10)), "0-10.");
    }

    #[test]
    fn what_was_withdrawn_stood_until_then() {
        let report = |number, name: &str, withdrawn| OutageReport {
            number,
            name: name.to_owned(),
            outage: outage(0, 1),
            withdrawn,
            recorded: at(9),
        };
        let outages = Outages::new(vec![report(2, "b", false), report(1, "a", false), report(3, "a", true)]);
        let standing =
            |number| outages.standing(number).map(|report| report.name.as_str()).collect::<Vec<_>>().join(" ");
        assert_eq!([standing(0), standing(1), standing(2), standing(3)], ["", "a", "a b", "b"]);
        assert_eq!((outages.newest(), outages.after(1).unwrap().number), (3, 2));
    }

    #[test]
    fn an_outage_may_be_of_a_region_a_configuration_or_some_resources() {
        let vm = Name::parse("vm").unwrap();
        let eu = BTreeMap::from([("region".to_owned(), "eu".to_owned())]);
        let of_region = Outage { properties: eu.clone(), ..outage(0, 1) };
        assert!(of_region.concerns(&vm, "web", &eu) && !of_region.concerns(&vm, "web", &BTreeMap::new()));
        let of_one = Outage { resources: vec!["web".to_owned()], ..outage(0, 1) };
        assert!(of_one.concerns(&vm, "web", &eu) && !of_one.concerns(&vm, "db", &eu));
        let of_small = Outage { skus: vec![vm.clone()], ..outage(0, 1) };
        assert!(of_small.concerns_sku(Some(&vm)) && !of_small.concerns_sku(None));
    }
}
