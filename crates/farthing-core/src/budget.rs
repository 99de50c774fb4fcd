//! Budgets: what an account, a project of it or everything with a label may cost in a calendar month, and what happens on the way there. Each
//! step of one says at how much of it, counted or foretold, somebody is told, nothing more begins, or what runs is stopped.
//!
//! Pure: decides what there is to do now, and at which amount somebody has to look again. A spend limit (`gate`) says no before it is passed;
//! a budget acts on what has happened.

crate::payment::words! {
    /// What of a month a step looks at.
    Of {
        /// What it has cost so far.
        Actual = "actual",
        /// What it will have cost, as things run now. Looked at whenever something begins or ends, and once a day.
        Forecast = "forecast",
    }
}

crate::payment::words! {
    /// What a step does.
    Does {
        Notify = "notify",
        /// Nothing new begins in it until the month is over.
        Block = "block",
        /// And what runs in it is stopped until then.
        Stop = "stop",
    }
}

/// At so much of the month's amount this happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub of: Of,
    /// 1 to `PERCENT_MAX`.
    pub percent: u16,
    pub does: Does,
}

/// Ten times over: what is told later than that nobody needs.
pub const PERCENT_MAX: u16 = 1_000;
/// As many steps as a budget can have: what was told of them is a number of 16 bits.
pub const STEPS_MAX: usize = 16;

/// Which steps are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadStep {
    Percent(u16),
    /// What is foretold may turn out otherwise: nothing is stopped because of it.
    StopsByForecast,
    TooMany,
    None,
    /// A budget of nothing has no parts.
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What a month may cost, in units of the account's currency.
    month: i64,
    /// Without doubles, what is counted first, the least first.
    steps: Vec<Step>,
}

/// What was done in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// A bit for each step that was told.
    pub steps: u16,
    /// What runs in it is to be stopped.
    pub stops: bool,
}

/// What a month has cost, and will have cost where somebody has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub actual: i64,
    pub forecast: Option<i64>,
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub told: Told,
    /// Steps to tell of, in order.
    pub reached: Vec<Step>,
}

impl Budget {
    pub fn try_new(month: i64, mut steps: Vec<Step>) -> Result<Budget, BadStep> {
        if month <= 0 {
            return Err(BadStep::Nothing);
        }
        if let Some(step) = steps.iter().find(|step| !(1..=PERCENT_MAX).contains(&step.percent)) {
            return Err(BadStep::Percent(step.percent));
        }
        if steps.iter().any(|step| step.of == Of::Forecast && step.does == Does::Stop) {
            return Err(BadStep::StopsByForecast);
        }
        steps.sort_unstable();
        steps.dedup();
        match steps.len() {
            0 => Err(BadStep::None),
            count if count > STEPS_MAX => Err(BadStep::TooMany),
            _ => Ok(Budget { month, steps }),
        }
    }

    pub const fn month(&self) -> i64 {
        self.month
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub fn foretells(&self) -> bool {
        self.steps.iter().any(|step| step.of == Of::Forecast)
    }

    /// From which amount on a step is reached: so much of the month's, or more.
    pub fn level(&self, step: Step) -> i64 {
        let whole = i128::from(self.month).saturating_mul(i128::from(step.percent));
        let up = whole.saturating_add(99).checked_div(100).unwrap_or(whole);
        i64::try_from(up).unwrap_or(i64::MAX)
    }

    fn is_reached(&self, step: Step, seen: &Seen) -> bool {
        let cost = match step.of {
            Of::Actual => Some(seen.actual),
            Of::Forecast => seen.forecast,
        };
        cost.is_some_and(|cost| cost >= self.level(step))
    }

    /// What there is to do. Told once a month, however the sums go up and down; stopped for as long as it is so.
    pub fn look(&self, told: &Told, seen: &Seen) -> Look {
        let (mut bits, mut reached) = (told.steps, Vec::new());
        for (bit, step) in self.bits() {
            if bits & bit == 0 && self.is_reached(*step, seen) {
                bits |= bit;
                reached.push(*step);
            }
        }
        Look { told: Told { steps: bits, stops: self.stops(seen) }, reached }
    }

    /// Nothing more of it runs.
    pub fn stops(&self, seen: &Seen) -> bool {
        self.steps.iter().any(|step| step.does == Does::Stop && self.is_reached(*step, seen))
    }

    /// The step because of which nothing new begins; none: it may.
    pub fn blocks(&self, seen: &Seen) -> Option<&Step> {
        self.steps.iter().find(|step| step.does != Does::Notify && self.is_reached(**step, seen))
    }

    /// The least amount of this month's costs at which somebody has to look again; none: everything of it was done.
    pub fn next_level(&self, told: &Told) -> Option<i64> {
        let ahead = |(bit, step): &(u16, &Step)| {
            step.of == Of::Actual && (told.steps & bit == 0 || (step.does == Does::Stop && !told.stops))
        };
        self.bits().filter(ahead).map(|(_, step)| self.level(*step)).min()
    }

    /// What was told of a budget that was changed: of what is reached as it is now it was told, where the same step was before. A step that is
    /// not reached any more is told once it is reached again.
    pub fn carried(&self, before: &Budget, told: &Told, seen: &Seen) -> Told {
        let known = |step: &Step| before.bits().any(|(bit, old)| old == step && told.steps & bit != 0);
        let kept = self.bits().filter(|(_, step)| known(step) && self.is_reached(**step, seen));
        Told { steps: kept.fold(0, |bits, (bit, _)| bits | bit), stops: told.stops }
    }

    fn bits(&self) -> impl Iterator<Item = (u16, &Step)> {
        std::iter::successors(Some(1_u16), |bit| bit.checked_shl(1)).zip(&self.steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn step(of: Of, percent: u16, does: Does) -> Step {
        Step { of, percent, does }
    }

    fn budget() -> Budget {
        let steps = [(50, Does::Notify), (80, Does::Notify), (100, Does::Block), (120, Does::Stop)];
        let mut steps: Vec<Step> = steps.map(|(percent, does)| step(Of::Actual, percent, does)).into();
        steps.push(step(Of::Forecast, 100, Does::Notify));
        Budget::try_new(1_000, steps).unwrap()
    }

    fn seen(actual: i64, forecast: Option<i64>) -> Seen {
        Seen { actual, forecast }
    }

    fn percents(look: &Look) -> Vec<u16> {
        look.reached.iter().map(|step| step.percent).collect()
    }

    #[test]
    fn each_step_is_told_once_a_month_from_its_level_on() {
        let budget = budget();
        let mut told = Told::default();
        let mut at = |actual: i64, forecast: Option<i64>| {
            let look = budget.look(&told, &seen(actual, forecast));
            told = look.told;
            (percents(&look), look.told.stops)
        };
        assert_eq!(at(499, None), (vec![], false));
        assert_eq!(at(500, None), (vec![50], false));
        assert_eq!(at(500, Some(1_000)), (vec![100], false));
        assert_eq!(at(499, Some(900)), (vec![], false), "a correction tells nothing");
        assert_eq!(at(1_200, Some(1_900)), (vec![80, 100, 120], true), "all that was passed on the way");
        assert_eq!(at(1_300, None), (vec![], true));
        assert_eq!(at(1_199, None), (vec![], false), "what was given back lets it run again");
    }

    #[test]
    fn what_is_blocked_begins_again_below() {
        let budget = budget();
        assert_eq!(budget.blocks(&seen(999, Some(5_000))), None);
        assert_eq!(budget.blocks(&seen(1_000, None)).map(|step| step.percent), Some(100));
        assert!(!budget.stops(&seen(1_199, None)) && budget.stops(&seen(1_200, None)));
    }

    #[test]
    fn the_next_level_is_the_least_that_was_not_done() {
        let budget = budget();
        let after = |actual| budget.next_level(&budget.look(&Told::default(), &seen(actual, None)).told);
        assert_eq!([after(0), after(500), after(800), after(1_000)], [Some(500), Some(800), Some(1_000), Some(1_200)]);
        assert_eq!(after(1_200), None);
    }

    #[test]
    fn a_changed_budget_tells_what_is_new() {
        let old = budget();
        let told = old.look(&Told::default(), &seen(850, None)).told;
        let raised = Budget::try_new(2_000, old.steps().to_vec()).unwrap();
        let carried = raised.carried(&old, &told, &seen(850, None));
        assert_eq!(percents(&raised.look(&carried, &seen(1_000, None))), [50], "it is reached anew");
        let lowered = Budget::try_new(900, old.steps().to_vec()).unwrap();
        let carried = lowered.carried(&old, &told, &seen(850, None));
        assert_eq!(percents(&lowered.look(&carried, &seen(850, None))), [0_u16; 0], "of both it was told");
        assert_eq!(percents(&lowered.look(&carried, &seen(900, None))), [100]);
    }

    #[test]
    fn what_is_no_budget() {
        let new = |month, steps: &[Step]| Budget::try_new(month, steps.to_vec());
        let tell = step(Of::Actual, 50, Does::Notify);
        assert_eq!(new(0, &[tell]), Err(BadStep::Nothing));
        assert_eq!(new(1, &[]), Err(BadStep::None));
        assert_eq!(new(1, &[step(Of::Actual, 0, Does::Block)]), Err(BadStep::Percent(0)));
        assert_eq!(new(1, &[step(Of::Forecast, 100, Does::Stop)]), Err(BadStep::StopsByForecast));
        let many: Vec<Step> = (1..=17).map(|percent| step(Of::Actual, percent, Does::Notify)).collect();
        assert_eq!(new(1, &many), Err(BadStep::TooMany));
        assert_eq!(new(1, &[tell, tell]).unwrap().steps().len(), 1);
        assert_eq!(new(1, &many[..16]).unwrap().look(&Told::default(), &seen(1, None)).reached.len(), 16);
    }

    proptest! {
        /// However a month's sums go, nothing is told twice, and what runs is stopped exactly while it has to be.
        #[test]
        fn never_told_twice(costs in proptest::collection::vec(0_i64..2_000, 1..40)) {
            let budget = budget();
            let (mut told, mut said) = (Told::default(), Vec::new());
            for cost in costs {
                let look = budget.look(&told, &seen(cost, None));
                told = look.told;
                said.extend(look.reached);
                prop_assert_eq!(told.stops, cost >= 1_200);
                if let Some(next) = budget.next_level(&told) {
                    prop_assert!(next > cost || budget.look(&told, &seen(cost, None)).reached.is_empty());
                }
            }
            let count = said.len();
            said.sort_unstable();
            said.dedup();
            prop_assert_eq!(said.len(), count);
        }
    }
}
