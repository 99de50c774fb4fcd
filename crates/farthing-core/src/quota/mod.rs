//! Quotas (R46): how much of a product's meters may be used in a window, or how many live things of it there may be; and what raises them.
//!
//! Windows are aligned: every "1m" begins with the minute. Counting is the store's, atomically; here is what counts, up to how much, and
//! when it is free again.

use crate::catalog::{Counts, Quota};
use crate::config::Name;
use crate::measure::Quantity;
use crate::time::{Instant, Period};

/// Something that raises a limit from an instant until another, or without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// All of it: by how much one raises it, times how many there are.
    pub by: Quantity,
    pub from: Instant,
    pub until: Option<Instant>,
}

impl Raised {
    /// By so much for each of so many; none: no number holds it.
    pub fn times(by: Quantity, count: i64) -> Option<Quantity> {
        by.millionths().checked_mul(count).map(Quantity::from_millionths)
    }

    fn is_on(&self, at: Instant) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// The limit at an instant: what everybody has, and everything that raises it then. What no number holds is without limit.
pub fn limit(base: Quantity, raised: &[Raised], at: Instant) -> Quantity {
    raised
        .iter()
        .filter(|raise| raise.is_on(at))
        .try_fold(base, |sum, raise| sum.checked_add(raise.by))
        .unwrap_or(Quantity::from_millionths(i64::MAX))
}

/// What of some use a quota counts; none: none of its meters is among it, or it counts things.
pub fn counted(quota: &Quota, uses: &[(Name, Quantity)]) -> Option<Quantity> {
    match quota.counts {
        Counts::Things => None,
        Counts::Use => {
            let mut own =
                uses.iter().filter(|(meter, _)| quota.meter.contains(meter)).map(|(_, size)| *size).peekable();
            own.peek()?;
            let sum = own.try_fold(Quantity::ZERO, Quantity::checked_add);
            Some(sum.unwrap_or(Quantity::from_millionths(i64::MAX)))
        }
    }
}

/// The window of a quota that an instant lies in.
pub fn window(quota: &Quota, at: Instant) -> Option<Period> {
    Period::utc_multiple_of(quota.per, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;
    use crate::profile::{CATALOG_FILE, POLICY_FILE, Profile};

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn whole(number: i64) -> Quantity {
        Quantity::from_whole(number).unwrap()
    }

    #[test]
    fn a_limit_is_raised_while_what_raises_it_lasts() {
        let (from, until) = (at("2026-04-01T00:00:00Z"), at("2026-05-01T00:00:00Z"));
        let raise = Raised { by: Raised::times(whole(270), 2).unwrap(), from, until: Some(until) };
        let endless = Raised { by: whole(5), from: until, until: None };
        let limit_at = |text: &str| limit(whole(30), &[raise, endless], at(text));
        assert_eq!(limit_at("2026-03-31T23:59:59Z"), whole(30));
        assert_eq!(limit_at("2026-04-01T00:00:00Z"), whole(570), "30 + 2 x 270");
        assert_eq!(limit_at("2026-04-30T23:59:59Z"), whole(570));
        assert_eq!(limit_at("2026-05-01T00:00:00Z"), whole(35), "an end is not part of it");
        let most = Raised { by: Quantity::from_millionths(i64::MAX), ..endless };
        assert_eq!(limit(whole(1), &[most], until), Quantity::from_millionths(i64::MAX));
        assert_eq!(Raised::times(Quantity::from_millionths(i64::MAX), 2), None);
    }

    #[test]
    fn a_quota_counts_its_own_meters_in_its_own_window() {
        let catalog = "[[meter]]\nid = \"calls\"\nunit = \"call\"\n[[meter]]\nid = \"in\"\nunit = \"token\"\n[[meter]]\nid = \"out\"\nunit = \"token\"\n\
            [[product]]\nid = \"llm\"\nname = \"LLM\"\nkind = \"usage\"\nmeter = \"calls\"\nprice = \"0.01 / call\"\n\
            quota = [{ id = \"rpm\", meter = \"calls\", limit = \"60\", per = \"1m\" }, { id = \"tpm\", meter = [\"in\", \"out\"], limit = \"60k\" }]\n\
            [[product]]\nid = \"vm\"\nname = \"VM\"\nkind = \"running\"\nprice = \"1.00 / hour\"\n\
            quota = [{ id = \"live\", counts = \"things\", limit = \"2\" }]\n";
        let policy = "[cloud]\nid = \"one\"\nname = \"One\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n[brand]\nlegal_name = \"One\"\n";
        let read = Profile::read(&Source::new(POLICY_FILE, policy), Some(&Source::new(CATALOG_FILE, catalog)));
        let profile = read.usable().unwrap();
        let things = &profile.catalog.product_by_id("vm").unwrap().quota;
        let quotas = &profile.catalog.product_by_id("llm").unwrap().quota;
        let name = |text: &str| Name::parse(text).unwrap();
        let uses = [(name("calls"), whole(1)), (name("in"), whole(500)), (name("out"), whole(20))];
        let counts: Vec<Option<Quantity>> = quotas.iter().map(|quota| counted(quota, &uses)).collect();
        assert_eq!(counts, [Some(whole(1)), Some(whole(520))]);
        assert_eq!(counted(&things[0], &uses), None, "it counts things");
        assert_eq!(counted(&quotas[0], &uses[1..]), None, "what is not used is not counted");
        let found = window(&quotas[0], at("2026-04-01T10:00:59.999999Z")).unwrap();
        assert_eq!((found.start(), found.end()), (at("2026-04-01T10:00:00Z"), at("2026-04-01T10:01:00Z")));
    }
}
