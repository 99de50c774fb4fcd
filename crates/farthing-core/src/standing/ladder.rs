//! A ladder: from the beginning of the arrears, step by step. Hours are exact. What was announced is kept: a new policy may lengthen it,
//! never shorten it; and who was told late has as long as they were told.

use super::{Cause, Guard, Rung};
use crate::policy::{Ladder as Policy, Space as SpacePolicy};
use crate::time::{Duration, Instant, OutOfRange};
use std::collections::BTreeMap;

/// What a policy says of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub after: Duration,
    /// How long before the step it is announced, the earliest first.
    pub notices: Vec<Duration>,
}

/// What a policy says of all of them. What is not here does not happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms(pub BTreeMap<Rung, Plan>);

/// An account's way down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    pub cause: Cause,
    /// When the arrears began.
    pub since: Instant,
    /// The step that was taken last, and when.
    pub reached: Option<Rung>,
    /// When each step comes, as was announced.
    pub dates: BTreeMap<Rung, Instant>,
    pub told: Vec<Notice>,
}

/// That a step comes, said to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    pub rung: Rung,
    /// So long before it.
    pub ahead: Duration,
    pub told: Instant,
    /// When a mail server took it.
    pub accepted: Option<Instant>,
}

/// What there is right now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub in_arrears: bool,
    /// The debt is as large as it may become: nobody waits any longer before suspending (R85).
    pub beyond_floor: bool,
    /// A payment was begun for the account: suspension waits for it until then.
    pub payment_until: Option<Instant>,
    /// What keeps anything from being destroyed.
    pub guards: Vec<Guard>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing until then; none: until something happens.
    Wait(Option<Instant>),
    /// A step is announced: it comes at `at`.
    Announce {
        rung: Rung,
        ahead: Duration,
        at: Instant,
    },
    Take(Rung),
    /// It would be taken now, and something keeps it.
    Held(Rung, Vec<Guard>),
    /// The arrears are paid.
    Rise,
}

impl Terms {
    /// What an account has.
    pub fn of(policy: &Policy) -> Terms {
        let steps = [(Rung::Suspend, &policy.suspend), (Rung::Delete, &policy.delete), (Rung::Purge, &policy.purge)];
        let plan = |rung: Rung, after: Duration, notices: &[Duration]| {
            let mut notices: Vec<Duration> = notices.to_vec();
            notices.sort_unstable_by(|one, other| other.cmp(one));
            notices.dedup();
            // What destroys needs a time that somebody wrote.
            (!rung.destroys() || !after.is_zero()).then_some((rung, Plan { after, notices }))
        };
        let terms = steps.into_iter().filter_map(|(rung, step)| {
            let step = step.as_ref()?;
            plan(rung, step.after?, &step.notices)
        });
        Terms(terms.collect())
    }

    /// What the account of a trial has that nothing pays for (R39): suspended at once, and destroyed so long after it, also where no account
    /// that has ever paid is.
    pub fn of_trial(policy: &Policy, destroy_after: Option<Duration>) -> Terms {
        let Terms(mut terms) = Terms::of(policy);
        terms.insert(Rung::Suspend, Plan { after: Duration::ZERO, notices: Vec::new() });
        let Some(after) = destroy_after.filter(|after| !after.is_zero()) else { return Terms(terms) };
        let delete = terms.entry(Rung::Delete).or_insert(Plan { after, notices: vec![after] });
        if let Ok(sooner) = delete.after.checked_sub(after) {
            delete.after = after;
            delete.notices.retain(|ahead| *ahead <= after);
            if let Some(purge) = terms.get_mut(&Rung::Purge) {
                purge.after = purge.after.checked_sub(sooner).unwrap_or(purge.after);
            }
        }
        Terms(terms)
    }

    /// What a thing has that its owner has switched off (R88): it is given up so long after that, and announced as a deletion is. Where that
    /// is announced no later than so, it is said as soon as the thing is off.
    pub fn of_off(policy: &Policy, after: Duration) -> Terms {
        if after.is_zero() {
            return Terms::default(); // what destroys needs a time that somebody wrote
        }
        let mut notices = policy.delete.as_ref().map_or_else(Vec::new, |step| step.notices.clone());
        notices.retain(|ahead| *ahead <= after);
        if notices.is_empty() {
            notices.push(after);
        }
        notices.sort_unstable_by(|one, other| other.cmp(one));
        notices.dedup();
        Terms(BTreeMap::from([(Rung::Release, Plan { after, notices })]))
    }

    /// What a space above its free size has: nothing more is written to it, and in the end its files go (R73, R74).
    pub fn of_space(policy: &SpacePolicy) -> Terms {
        let mut notices = policy.reminders.clone();
        notices.sort_unstable_by(|one, other| other.cmp(one));
        notices.dedup();
        let lock = Plan { after: Duration::ZERO, notices: Vec::new() };
        let mut terms = BTreeMap::from([(Rung::Lock, lock)]);
        if !policy.grace.is_zero() {
            terms.insert(Rung::Empty, Plan { after: policy.grace, notices });
        }
        Terms(terms)
    }
}

/// One that begins.
pub fn begun(cause: Cause, since: Instant, terms: &Terms) -> Result<Ladder, OutOfRange> {
    let mut ladder = Ladder { cause, since, reached: None, dates: BTreeMap::new(), told: Vec::new() };
    ladder.replan(terms)?;
    Ok(ladder)
}

impl Ladder {
    /// Takes in what the policy says by now: later, never earlier; and what it says no more does not come.
    pub fn replan(&mut self, terms: &Terms) -> Result<(), OutOfRange> {
        self.dates.retain(|rung, _| terms.0.contains_key(rung));
        for (rung, plan) in &terms.0 {
            let planned = self.since.checked_add(plan.after)?;
            let date = self.dates.entry(*rung).or_insert(planned);
            *date = planned.max(*date);
        }
        Ok(())
    }

    /// A step is taken. Where it was held, what follows keeps its distance: who is deleted late has as long to restore it.
    pub fn taken(&mut self, rung: Rung, now: Instant) -> Result<(), OutOfRange> {
        self.reached = Some(rung);
        let late = self.dates.get(&rung).map_or(0, |planned| now.seconds_since(*planned));
        if rung.destroys() && late > 0 { self.put_off(Duration::try_from_seconds(late)?) } else { Ok(()) }
    }

    /// Time that does not count: nobody was there to hear a customer.
    pub fn put_off(&mut self, by: Duration) -> Result<(), OutOfRange> {
        for (rung, date) in &mut self.dates {
            if self.reached.is_none_or(|reached| *rung > reached) {
                *date = date.checked_add(by)?;
            }
        }
        Ok(())
    }

    /// The next step down.
    pub fn ahead(&self) -> Option<Rung> {
        self.dates.keys().copied().find(|rung| self.reached.is_none_or(|reached| *rung > reached))
    }

    /// When a step may come at the earliest: not before anybody who was told has had as long as they were told.
    pub fn due(&self, rung: Rung) -> Result<Option<Instant>, OutOfRange> {
        let Some(mut due) = self.dates.get(&rung).copied() else { return Ok(None) };
        for notice in self.told.iter().filter(|notice| notice.rung == rung) {
            // What destroys counts from when it was heard; what can be undone from when it was said.
            let heard = notice.accepted.or((!rung.destroys()).then_some(notice.told));
            if let Some(heard) = heard {
                due = due.max(heard.checked_add(notice.ahead)?);
            }
        }
        Ok(Some(due))
    }

    /// The notice of a step that is to be said next, and when.
    fn unsaid(&self, rung: Rung, plan: &Plan, due: Instant) -> Result<Option<(Instant, Duration)>, OutOfRange> {
        let least = self.told.iter().filter(|notice| notice.rung == rung).map(|notice| notice.ahead).min();
        let next = plan.notices.iter().copied().find(|ahead| least.is_none_or(|least| *ahead < least));
        // Of what comes sooner than it would be announced, it is said at once.
        next.map(|ahead| Ok((due.checked_sub(ahead)?.max(self.since), ahead))).transpose()
    }

    fn was_heard(&self, rung: Rung, plan: &Plan) -> bool {
        let mut told = self.told.iter().filter(|notice| notice.rung == rung);
        plan.notices.is_empty() || told.any(|notice| notice.accepted.is_some())
    }
}

/// The next thing to do. Asked again right after what it said was done, it says what comes next.
pub fn next(ladder: &Ladder, terms: &Terms, facts: &Facts, now: Instant) -> Result<Step, OutOfRange> {
    if !facts.in_arrears && ladder.cause != Cause::Paid {
        return Ok(Step::Rise);
    }
    let mut wake: Option<Instant> = None;
    let mut at_latest = |at: Instant| wake = Some(wake.map_or(at, |wake: Instant| wake.min(at)));
    for (rung, plan) in &terms.0 {
        if ladder.reached.is_some_and(|reached| *rung <= reached) {
            continue;
        }
        // What is not deleted yet cannot be lost for good.
        if *rung == Rung::Purge && ladder.reached != Some(Rung::Delete) && terms.0.contains_key(&Rung::Delete) {
            continue;
        }
        let Some(due) = ladder.due(*rung)? else { continue };
        if let Some((at, ahead)) = ladder.unsaid(*rung, plan, due)? {
            if at <= now {
                // A step that comes is where it always was, or later.
                let comes =
                    if due < now.checked_add(ahead)? && rung.destroys() { now.checked_add(ahead)? } else { due };
                return Ok(Step::Announce { rung: *rung, ahead, at: comes });
            }
            at_latest(at);
        }
    }
    let Some(rung) = ladder.ahead() else { return Ok(Step::Wait(wake)) };
    let (Some(plan), Some(due)) = (terms.0.get(&rung), ladder.due(rung)?) else { return Ok(Step::Wait(wake)) };
    let early = rung == Rung::Suspend && facts.beyond_floor;
    if due > now && !early {
        at_latest(due);
        return Ok(Step::Wait(wake));
    }
    if !rung.destroys() {
        return Ok(match facts.payment_until {
            Some(until) if until > now => Step::Wait(Some(wake.map_or(until, |wake| wake.min(until)))),
            _ => Step::Take(rung),
        });
    }
    let mut guards = facts.guards.clone();
    if !ladder.was_heard(rung, plan) {
        guards.push(Guard::Unheard);
    }
    Ok(if guards.is_empty() { Step::Take(rung) } else { Step::Held(rung, guards) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(count: i64) -> Duration {
        Duration::try_from_seconds(count * 3_600).unwrap()
    }

    /// So many hours after the arrears began.
    fn at(hours_after: i64) -> Instant {
        Instant::parse("2026-03-10T22:05:43Z").unwrap().checked_add(hours(hours_after)).unwrap()
    }

    /// Suspended at once, deleted after three days, purged fourteen days later (R25, R27, R28).
    fn terms() -> Terms {
        let plan = |after, notices: &[i64]| Plan {
            after: hours(after),
            notices: notices.iter().map(|ahead| hours(*ahead)).collect(),
        };
        Terms(BTreeMap::from([
            (Rung::Suspend, plan(0, &[])),
            (Rung::Delete, plan(72, &[72, 24, 2])),
            (Rung::Purge, plan(17 * 24, &[24])),
        ]))
    }

    fn in_arrears() -> Facts {
        Facts { in_arrears: true, ..Facts::default() }
    }

    fn take(ladder: &mut Ladder, step: &Step, now: Instant, heard: bool) {
        match step {
            Step::Announce { rung, ahead, .. } => {
                let accepted = heard.then_some(now);
                ladder.told.push(Notice { rung: *rung, ahead: *ahead, told: now, accepted });
            }
            Step::Take(rung) => ladder.taken(*rung, now).unwrap(),
            _ => {}
        }
    }

    /// Everything that is done, hour by hour, with the hour.
    fn lived(ladder: &mut Ladder, terms: &Terms, facts: &Facts, until: i64, heard: bool) -> Vec<(i64, String)> {
        let mut done = Vec::new();
        for hour in 0..=until {
            let now = at(hour);
            loop {
                let step = next(ladder, terms, facts, now).unwrap();
                let word = match &step {
                    Step::Announce { rung, ahead, .. } => format!("{} in {}h", rung.name(), ahead.seconds() / 3_600),
                    Step::Take(rung) => rung.name().to_owned(),
                    _ => break,
                };
                done.push((hour, word));
                take(ladder, &step, now, heard);
            }
        }
        done
    }

    fn said(done: &[(i64, String)]) -> Vec<(i64, &str)> {
        done.iter().map(|(hour, what)| (*hour, what.as_str())).collect()
    }

    #[test]
    fn the_whole_ladder_down_with_its_notices() {
        let mut ladder = begun(Cause::Out, at(0), &terms()).unwrap();
        let done = lived(&mut ladder, &terms(), &in_arrears(), 20 * 24, true);
        let whole = [
            (0, "delete in 72h"),
            (0, "suspend"),
            (48, "delete in 24h"),
            (70, "delete in 2h"),
            (72, "delete"),
            (16 * 24, "purge in 24h"),
            (17 * 24, "purge"),
        ];
        assert_eq!(said(&done), whole);
        assert_eq!(next(&ladder, &terms(), &in_arrears(), at(9_999)).unwrap(), Step::Wait(None));
    }

    /// "Steps count exact hours": a second before nothing, at the second the step.
    #[test]
    fn a_step_comes_at_its_second() {
        let mut ladder = begun(Cause::Out, at(0), &terms()).unwrap();
        lived(&mut ladder, &terms(), &in_arrears(), 71, true);
        let before = Instant::from_micros(at(72).micros() - 1);
        assert_eq!(next(&ladder, &terms(), &in_arrears(), before).unwrap(), Step::Wait(Some(at(72))));
        assert_eq!(next(&ladder, &terms(), &in_arrears(), at(72)).unwrap(), Step::Take(Rung::Delete));
    }

    /// "The clock stops when the arrears are paid."
    #[test]
    fn who_has_paid_rises_whatever_was_planned() {
        let mut ladder = begun(Cause::Out, at(0), &terms()).unwrap();
        lived(&mut ladder, &terms(), &in_arrears(), 10, true);
        assert_eq!(next(&ladder, &terms(), &Facts::default(), at(500)).unwrap(), Step::Rise);
    }

    /// "A ladder under way keeps the dates it announced; a new policy may lengthen, never shorten."
    #[test]
    fn a_new_policy_lengthens_and_never_shortens() {
        let mut ladder = begun(Cause::Out, at(0), &terms()).unwrap();
        let with = |after| {
            let mut terms = terms();
            terms.0.get_mut(&Rung::Delete).unwrap().after = hours(after);
            terms
        };
        ladder.replan(&with(24)).unwrap();
        assert_eq!(ladder.dates[&Rung::Delete], at(72));
        ladder.replan(&with(100)).unwrap();
        assert_eq!(ladder.dates[&Rung::Delete], at(100));
        ladder.replan(&Terms::default()).unwrap();
        assert!(ladder.dates.is_empty(), "a policy without steps takes none");
    }

    /// "Delete and purge need explicit positive times; absent or zero is refused … again at run time": `check` has refused it before.
    #[test]
    fn what_destroys_at_no_time_never_does() {
        let mut policy =
            ladder_of("suspend = { after = \"0h\" }\ndelete = { after = \"3d\" }\npurge = { after = \"17d\" }\n");
        policy.delete.as_mut().unwrap().after = Some(Duration::ZERO);
        policy.purge.as_mut().unwrap().after = None;
        assert_eq!(Terms::of(&policy).0, BTreeMap::from([(Rung::Suspend, plan0())]));
        assert_eq!(Terms::of_trial(&policy, Some(Duration::ZERO)).0, BTreeMap::from([(Rung::Suspend, plan0())]));
        let space = SpacePolicy { grace: Duration::ZERO, ..space_of() };
        assert!(!Terms::of_space(&space).0.contains_key(&Rung::Empty));
    }

    /// "A step falls due at max(planned, own notice accepted + announced time)."
    #[test]
    fn who_heard_late_has_as_long_as_they_were_told() {
        let mut ladder = begun(Cause::Out, at(0), &terms()).unwrap();
        lived(&mut ladder, &terms(), &in_arrears(), 0, false);
        ladder.told[0].accepted = Some(at(30));
        assert_eq!(ladder.due(Rung::Delete).unwrap(), Some(at(102)));
        let done = lived(&mut ladder, &terms(), &in_arrears(), 200, true);
        assert_eq!(said(&done), [(78, "delete in 24h"), (100, "delete in 2h"), (102, "delete")]);
    }

    /// "Nothing accepted by the mail server on any channel: deletion waits for an operator, without limit."
    #[test]
    fn nothing_is_deleted_that_nobody_heard_of() {
        let mut ladder = begun(Cause::Out, at(0), &terms()).unwrap();
        let done = lived(&mut ladder, &terms(), &in_arrears(), 9_000, false);
        assert!(done.iter().all(|(_, what)| what != "delete"), "{done:?}");
        let held = next(&ladder, &terms(), &in_arrears(), at(9_000)).unwrap();
        assert_eq!(held, Step::Held(Rung::Delete, vec![Guard::Unheard]));
        assert_eq!(ladder.reached, Some(Rung::Suspend), "what can be undone waits for nobody");
    }

    /// "No destructive step while any of these stands."
    #[test]
    fn a_guard_holds_what_destroys_and_nothing_else() {
        let facts = Facts { guards: vec![Guard::Payment], ..in_arrears() };
        let mut ladder = begun(Cause::Due, at(0), &terms()).unwrap();
        lived(&mut ladder, &terms(), &facts, 90, true);
        assert_eq!(ladder.reached, Some(Rung::Suspend));
        assert_eq!(next(&ladder, &terms(), &facts, at(90)).unwrap(), Step::Held(Rung::Delete, vec![Guard::Payment]));
        assert_eq!(next(&ladder, &terms(), &in_arrears(), at(90)).unwrap(), Step::Take(Rung::Delete));
        ladder.taken(Rung::Delete, at(90)).unwrap();
        assert_eq!(
            ladder.dates[&Rung::Purge],
            at(17 * 24 + 18),
            "eighteen hours late: fourteen days to restore all the same"
        );
    }

    /// "While a payment begun for the account is pending, suspension waits at most `refill_wait`."
    #[test]
    fn suspension_waits_for_a_payment_so_long_and_no_longer() {
        let ladder = begun(Cause::Out, at(0), &Terms(BTreeMap::from([(Rung::Suspend, plan0())]))).unwrap();
        let terms = Terms(BTreeMap::from([(Rung::Suspend, plan0())]));
        let facts = Facts { payment_until: Some(at(1)), ..in_arrears() };
        assert_eq!(next(&ladder, &terms, &facts, at(0)).unwrap(), Step::Wait(Some(at(1))));
        assert_eq!(next(&ladder, &terms, &facts, at(1)).unwrap(), Step::Take(Rung::Suspend));
    }

    /// `[ladder]` as a policy has it.
    fn ladder_of(text: &str) -> Policy {
        let text = format!(
            "[cloud]\nid = \"one\"\nname = \"One\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n[brand]\nlegal_name = \"One\"\n[ladder]\n{text}"
        );
        let read = crate::profile::Profile::read(&crate::config::Source::new(crate::profile::POLICY_FILE, &text), None);
        read.usable().unwrap().policy.ladder
    }

    fn space_of() -> SpacePolicy {
        let text = "[cloud]\nid = \"one\"\nname = \"One\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n[brand]\nlegal_name = \"One\"\n[space]\ngrace = \"30d\"\n";
        let read = crate::profile::Profile::read(&crate::config::Source::new(crate::profile::POLICY_FILE, text), None);
        read.usable().unwrap().policy.space.unwrap()
    }

    fn plan0() -> Plan {
        Plan { after: hours(0), notices: Vec::new() }
    }

    /// R85: a day of grace, which a debt that is too large ends early.
    #[test]
    fn a_debt_beyond_the_floor_ends_the_grace() {
        let plan = Plan { after: hours(24), notices: vec![hours(24), hours(2)] };
        let terms = Terms(BTreeMap::from([(Rung::Suspend, plan)]));
        let mut ladder = begun(Cause::Out, at(0), &terms).unwrap();
        let done = lived(&mut ladder, &terms, &in_arrears(), 5, true);
        assert_eq!(said(&done), [(0, "suspend in 24h")]);
        let facts = Facts { beyond_floor: true, ..in_arrears() };
        assert_eq!(next(&ladder, &terms, &facts, at(5)).unwrap(), Step::Take(Rung::Suspend));
    }

    /// "Time the engine was down counts for no ladder."
    #[test]
    fn what_nobody_could_hear_does_not_count() {
        let mut ladder = begun(Cause::Out, at(0), &terms()).unwrap();
        lived(&mut ladder, &terms(), &in_arrears(), 1, true);
        ladder.put_off(hours(168)).unwrap();
        assert_eq!(ladder.due(Rung::Delete).unwrap(), Some(at(72 + 168)));
        assert_eq!(ladder.dates[&Rung::Suspend], at(0), "what was done stays where it was");
    }

    /// R39: destroyed a day after the trial ran out, and still to be restored for fourteen.
    #[test]
    fn a_trial_is_deleted_sooner_and_restored_as_long() {
        let policy = ladder_of(
            "suspend = { after = \"0h\" }\ndelete = { after = \"3d\", notices = [\"2h\", \"72h\", \"24h\"] }\n\
             purge = { after = \"17d\", notices = [\"24h\"] }\n",
        );
        assert_eq!(Terms::of(&policy), terms());
        let trial = Terms::of_trial(&policy, Some(hours(24)));
        assert_eq!(trial.0[&Rung::Suspend], plan0());
        assert_eq!(trial.0[&Rung::Delete], Plan { after: hours(24), notices: vec![hours(24), hours(2)] });
        assert_eq!(trial.0[&Rung::Purge].after, hours(15 * 24));
        // Where nobody else is suspended or deleted at all, a trial is, and hears of it at once.
        let none = ladder_of("");
        let alone = Terms::of_trial(&none, Some(hours(24)));
        let delete = Plan { after: hours(24), notices: vec![hours(24)] };
        assert_eq!(alone.0, BTreeMap::from([(Rung::Suspend, plan0()), (Rung::Delete, delete)]));
        assert_eq!(Terms::of_trial(&none, None).0, BTreeMap::from([(Rung::Suspend, plan0())]));
    }

    /// R88: given up after fifteen days off; a notice that would come before it was switched off is none.
    #[test]
    fn what_is_off_is_released_and_announced_as_a_deletion() {
        let policy = ladder_of("delete = { after = \"400h\", notices = [\"24h\", \"168h\", \"390h\"] }\n");
        let off = Terms::of_off(&policy, hours(360));
        let plan = Plan { after: hours(360), notices: vec![hours(168), hours(24)] };
        assert_eq!(off.0, BTreeMap::from([(Rung::Release, plan)]));
        assert_eq!(Terms::of_off(&ladder_of(""), hours(360)).0[&Rung::Release].notices, vec![hours(360)]);
        assert_eq!(Terms::of_off(&policy, hours(0)), Terms::default(), "what destroys needs an explicit positive time");
        let mut ladder = begun(Cause::Off, at(0), &off).unwrap();
        let done = lived(&mut ladder, &off, &in_arrears(), 400, true);
        assert_eq!(said(&done), [(192, "release in 168h"), (336, "release in 24h"), (360, "release")]);
    }

    proptest! {
        /// However late it is looked at: in order, nothing twice, nothing before its date, nothing destroyed unannounced.
        #[test]
        fn steps_come_in_order_and_never_early(gaps in proptest::collection::vec(0_i64..200, 1..40), heard in proptest::bool::ANY) {
            let terms = terms();
            let mut ladder = begun(Cause::Out, at(0), &terms).unwrap();
            let (mut hour, mut taken) = (0, Vec::new());
            for gap in gaps {
                hour += gap;
                for _ in 0..20 {
                    let step = next(&ladder, &terms, &in_arrears(), at(hour)).unwrap();
                    if let Step::Take(rung) = &step {
                        prop_assert!(at(hour) >= ladder.dates[rung]);
                        for notice in ladder.told.iter().filter(|notice| notice.rung == *rung) {
                            let heard = notice.accepted.unwrap_or(notice.told);
                            prop_assert!(at(hour) >= heard.checked_add(notice.ahead).unwrap());
                        }
                        prop_assert!(!rung.destroys() || ladder.told.iter().any(|notice| notice.rung == *rung && notice.accepted.is_some()));
                        taken.push(*rung);
                    } else if !matches!(step, Step::Announce { .. }) {
                        break;
                    }
                    take(&mut ladder, &step, at(hour), heard);
                }
            }
            let mut sorted = taken.clone();
            sorted.sort_unstable();
            sorted.dedup();
            prop_assert_eq!(taken, sorted);
        }
    }
}
