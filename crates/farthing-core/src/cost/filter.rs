//! Which costs are asked for (R63).

use super::{CostLine, CostThing};

/// What paid, as people ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaidFrom {
    Cash,
    Credit,
    Debt,
    NextBill,
}

impl PaidFrom {
    pub const ALL: [PaidFrom; 4] = [PaidFrom::Cash, PaidFrom::Credit, PaidFrom::Debt, PaidFrom::NextBill];

    pub const fn name(self) -> &'static str {
        match self {
            PaidFrom::Cash => "cash",
            PaidFrom::Credit => "credit",
            PaidFrom::Debt => "debt",
            PaidFrom::NextBill => "next_bill",
        }
    }

    pub fn parse(text: &str) -> Option<PaidFrom> {
        PaidFrom::ALL.into_iter().find(|from| from.name() == text)
    }
}

/// Nothing said: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostFilter {
    pub product: Option<String>,
    pub project: Option<String>,
    pub resource: Option<String>,
    pub person: Option<String>,
    pub state: Option<String>,
    pub kind: Option<String>,
    pub paid: Option<PaidFrom>,
    /// A label, and what it says.
    pub label: Option<(String, String)>,
    /// Only what belongs to one of these projects: what somebody may see who is a member of no more (R65).
    pub projects: Option<Vec<String>>,
}

impl CostFilter {
    /// Whether what this thing costs is asked for at all: once a thing, however many days it has.
    pub fn fits(&self, thing: &CostThing) -> bool {
        let is = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|wanted| wanted == has);
        is(&self.product, thing.product.as_str())
            && is(&self.project, &thing.project)
            && is(&self.resource, &thing.resource)
            && is(&self.person, &thing.person)
            && is(&self.state, &thing.state)
            && is(&self.kind, &thing.kind)
            && self.projects.as_ref().is_none_or(|own| own.contains(&thing.project))
            && self.label.as_ref().is_none_or(|(key, value)| thing.labels.get(key) == Some(value))
    }

    /// What counts of a line of something that fits: its list price and what was charged; none: another source paid it.
    pub fn of(&self, line: &CostLine) -> Option<(i64, i64)> {
        match self.paid {
            None => Some((line.list, line.net)),
            Some(from) => {
                let paid = line.paid.iter().filter(|(by, _)| *by == from);
                let paid = paid.fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount));
                // What one source paid has no list price of its own.
                (paid != 0).then_some((paid, paid))
            }
        }
    }
}
